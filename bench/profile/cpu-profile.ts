/** One place in the call tree. */
export interface ProfileNode {
  readonly id: number
  readonly children?: readonly number[]
  readonly callFrame: { readonly functionName: string, readonly url: string, readonly lineNumber: number }
}

/** What V8 writes with --cpu-prof: `samples[i]` is the node that ran for `timeDeltas[i]` microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** @throws when the text is no CPU profile. */
export function readCpuProfile (text: string): CpuProfile {
  const profile = JSON.parse(text) as Partial<CpuProfile>
  if (!Array.isArray(profile.nodes) || !Array.isArray(profile.samples) || !Array.isArray(profile.timeDeltas)) throw new Error('not a CPU profile')
  return profile as CpuProfile
}
