import { readLine } from './launcher-line.ts'
import { launcherOf, startsSlowly } from './launchers.ts'
import type { Registry } from './types.ts'

/** The packages that a launcher command would fetch. */
export interface PackageUse {
  readonly registry: Registry
  /** Specs as written, for example `@scope/name@1.2.3` or `name==1.2.3`. */
  readonly specs: readonly string[]
}

/** Does this command fetch something before the server runs? */
export function isLauncher (command: string, args: readonly string[]): boolean {
  return startsSlowly(command) || packagesOf(command, args) !== undefined
}

/** The packages a command line would fetch; `undefined` when it is no package launcher, or names a local path. */
export function packagesOf (command: string, args: readonly string[]): PackageUse | undefined {
  const found = launcherOf(command, args)
  if (found === undefined) return undefined
  const { chosen, extra, first } = readLine(found.launcher, found.rest)
  const specs = [...chosen.length > 0 || first === undefined ? chosen : [first], ...extra].filter((spec) => !isLocalPath(spec))
  return specs.length === 0 ? undefined : { registry: found.launcher.registry, specs }
}

function isLocalPath (spec: string): boolean {
  return /^(?:\.{0,2}\/|file:|~)/.test(spec)
}

/** Does the spec name exactly one version? Ranges, tags and bare names do not (T46). */
export function isPinned (registry: Registry, spec: string): boolean {
  if (/^(?:git\+|github:|https?:)/.test(spec) || spec.includes(' @ ')) return /(?:#|@)[0-9a-f]{40}\b/.test(spec) || /^https:.*\d\.(?:tgz|whl|tar\.gz)$/.test(spec)
  if (registry === 'pypi') return /^[A-Za-z0-9][\w.-]*(?:\[[\w,.-]*\])?(?:===?|@)v?\d+(?:\.\w+)*(?:[+!-][\w.]+)?$/.test(spec)
  return /^(?:@[^/@]+\/)?[^/@]+@v?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.test(spec)
}
