/**
 * Variables by which the C library loads files into whatever is started with them. An entry may point them to where its
 * worker writes; programs that start the worker, some of them as root and none of them contained, must not see them (T41, T43).
 */
const LOADER = /^(?:LD_\w+|GCONV_PATH|LOCPATH|NLSPATH)$/

/** An environment in two parts. */
export interface ApartEnvironment {
  /** For everything up to the worker. */
  readonly env: Readonly<Record<string, string>>
  /** `NAME=value` of the others: set by env(1) when nothing but the worker is left to start. */
  readonly inner: readonly string[]
}

/** Does the loader of programs read this variable? */
export function isLoaderVariable (name: string): boolean {
  return LOADER.test(name)
}

/** Takes what the loader reads out of a worker's environment. */
export function loaderApart (env: Readonly<Record<string, string>>): ApartEnvironment {
  const entries = Object.entries(env)
  return {
    env: Object.fromEntries(entries.filter(([name]) => !isLoaderVariable(name))),
    inner: entries.flatMap(([name, value]) => isLoaderVariable(name) ? [`${name}=${value}`] : [])
  }
}

/** Arguments that set them for the command that follows; none = nothing. */
export function settingLoader (inner: readonly string[]): readonly string[] {
  return inner.length === 0 ? [] : ['/usr/bin/env', ...inner]
}
