import type { Launcher } from './launchers.ts'

/** A launcher's arguments, told apart. */
export interface LauncherLine {
  /** Values of package options. */
  readonly chosen: readonly string[]
  /** Packages that are installed besides. */
  readonly extra: readonly string[]
  /** Every other option before the first plain argument, with its value if it takes one. */
  readonly options: readonly { readonly name: string, readonly value?: string }[]
  /** The first plain argument: a package, or with `chosen` a program. */
  readonly first?: string
  /** What the program is given. */
  readonly args: readonly string[]
}

/** Reads the arguments behind the launcher's own words, up to the server's. */
export function readLine (launcher: Launcher, args: readonly string[]): LauncherLine {
  const chosen: string[] = []
  const extra: string[] = []
  const options: { name: string, value?: string }[] = []
  let index = 0
  for (; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (arg === '--' || !arg.startsWith('-')) break
    const [name, inline] = splitOption(arg)
    const target = launcher.packageOptions.includes(name) ? chosen : launcher.extraOptions.includes(name) ? extra : undefined
    if (target !== undefined) target.push(...(inline ?? args[++index] ?? '').split(',').filter((spec) => spec !== ''))
    else if (!launcher.valueOptions.includes(name)) options.push({ name })
    else options.push({ name, value: inline ?? args[++index] ?? '' })
  }
  const at = args[index] === '--' ? index + 1 : index
  const first = args[at]
  return { chosen, extra, options, ...(first === undefined ? {} : { first }), args: args.slice(at + 1) }
}

function splitOption (arg: string): [string, string | undefined] {
  const cut = arg.startsWith('--') ? arg.indexOf('=') : -1
  return cut === -1 ? [arg, undefined] : [arg.slice(0, cut), arg.slice(cut + 1)]
}
