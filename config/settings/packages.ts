import { basename } from 'node:path'

/** The packages that a launcher command would fetch. */
export interface PackageUse {
  readonly registry: 'npm' | 'pypi'
  /** Specs as written, for example `@scope/name@1.2.3` or `name==1.2.3`. */
  readonly specs: readonly string[]
}

interface Launcher {
  readonly registry: 'npm' | 'pypi'
  /** Sub-commands that must come first. */
  readonly after: readonly string[][]
  /** Options whose value is a package; `alone`: then the first plain argument is none. */
  readonly packageOptions: readonly string[]
  readonly extraOptions: readonly string[]
  /** Other options that take a value of their own. */
  readonly valueOptions: readonly string[]
}

const NPM_VALUES = ['-c', '--call', '-w', '--workspace', '--registry', '--cache', '--prefix', '--userconfig', '--loglevel']
const UV_VALUES = ['-p', '--python', '--index', '--default-index', '--index-url', '-i', '--extra-index-url', '--cache-dir', '--directory', '--project', '--config-file', '--env-file', '-c', '--constraints', '--exclude-newer', '--refresh-package']
const npm = (after: string[][] = []): Launcher => ({ registry: 'npm', after, packageOptions: ['-p', '--package'], extraOptions: [], valueOptions: NPM_VALUES })
const uv = (after: string[][] = []): Launcher => ({ registry: 'pypi', after, packageOptions: ['--from'], extraOptions: ['--with', '-w'], valueOptions: UV_VALUES })

const LAUNCHERS: Readonly<Record<string, Launcher>> = {
  npx: npm(),
  bunx: npm(),
  npm: npm([['exec'], ['x']]),
  pnpm: npm([['dlx']]),
  yarn: npm([['dlx']]),
  bun: npm([['x']]),
  uvx: uv(),
  uv: uv([['tool', 'run']]),
  pipx: { registry: 'pypi', after: [['run']], packageOptions: ['--spec'], extraOptions: ['--with'], valueOptions: ['--python', '--index-url', '-i', '--pip-args'] }
}

/** Programs that may download before they start the server, which then takes longer to answer. */
const SLOW_STARTERS = new Set([...Object.keys(LAUNCHERS).filter((name) => name !== 'npm' && name !== 'bun'), 'docker', 'podman'])

/** Does this command fetch something before the server runs? */
export function isLauncher (command: string, args: readonly string[]): boolean {
  const name = programName(command)
  return SLOW_STARTERS.has(name) || packagesOf(command, args) !== undefined
}

/** The packages a command line would fetch; `undefined` when it is no package launcher, or names a local path. */
export function packagesOf (command: string, args: readonly string[]): PackageUse | undefined {
  const launcher = LAUNCHERS[programName(command)]
  if (launcher === undefined) return undefined
  const start = launcher.after.length === 0 ? 0 : launcher.after.find((words) => words.every((word, index) => args[index] === word))?.length
  if (start === undefined) return undefined
  const specs = readSpecs(launcher, args.slice(start)).filter((spec) => !/^(?:\.{0,2}\/|file:|~)/.test(spec))
  return specs.length === 0 ? undefined : { registry: launcher.registry, specs }
}

function readSpecs (launcher: Launcher, args: readonly string[]): string[] {
  const chosen: string[] = []
  const extra: string[] = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    const [option = '', inline] = splitOption(arg)
    const target = launcher.packageOptions.includes(option) ? chosen : launcher.extraOptions.includes(option) ? extra : undefined
    if (target !== undefined) target.push(...(inline ?? args[++index] ?? '').split(','))
    else if (launcher.valueOptions.includes(option)) { if (inline === undefined) index++ } else if (arg === '--' || !arg.startsWith('-')) {
      const first = arg === '--' ? args[index + 1] : arg
      if (chosen.length === 0 && first !== undefined) chosen.push(first)
      break
    }
  }
  return [...chosen, ...extra].filter((spec) => spec !== '')
}

function splitOption (arg: string): [string, string | undefined] {
  const cut = arg.startsWith('--') ? arg.indexOf('=') : -1
  return cut === -1 ? [arg, undefined] : [arg.slice(0, cut), arg.slice(cut + 1)]
}

/** Does the spec name exactly one version? Ranges, tags and bare names do not (T46). */
export function isPinned (registry: 'npm' | 'pypi', spec: string): boolean {
  if (/^(?:git\+|github:|https?:)/.test(spec) || spec.includes(' @ ')) return /(?:#|@)[0-9a-f]{40}\b/.test(spec) || /^https:.*\d\.(?:tgz|whl|tar\.gz)$/.test(spec)
  if (registry === 'pypi') return /^[A-Za-z0-9][\w.-]*(?:\[[\w,.-]*\])?(?:===?|@)v?\d+(?:\.\w+)*(?:[+!-][\w.]+)?$/.test(spec)
  return /^(?:@[^/@]+\/)?[^/@]+@v?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.test(spec)
}

function programName (command: string): string {
  return basename(command).replace(/\.(?:cmd|exe)$/i, '').toLowerCase()
}
