import { basename } from 'node:path'
import type { Registry } from './types.ts'

/** How one package launcher writes its command line. */
export interface Launcher {
  readonly registry: Registry
  /** Sub-commands, one of which must come first; empty = none. */
  readonly after: readonly (readonly string[])[]
  /** Options whose value is a package; with one of them the first plain argument is a program, not a package. */
  readonly packageOptions: readonly string[]
  /** Options whose value is a package that is installed besides. */
  readonly extraOptions: readonly string[]
  /** Other options that take a value of their own. */
  readonly valueOptions: readonly string[]
  /** Options that change nothing once the packages are in the store. */
  readonly harmless: ReadonlySet<string>
  /** Options that choose the Python. */
  readonly pythonOptions: readonly string[]
}

const NPM_VALUES = ['-c', '--call', '-w', '--workspace', '--registry', '--cache', '--prefix', '--userconfig', '--loglevel']
const UV_VALUES = ['-p', '--python', '--index', '--default-index', '--index-url', '-i', '--extra-index-url', '--cache-dir', '--directory', '--project', '--config-file', '--env-file', '-c', '--constraints', '--exclude-newer', '--refresh-package', '--color', '--link-mode']
const NPM_HARMLESS = new Set(['-y', '--yes', '-q', '--quiet', '-s', '--silent', '--verbose', '--prefer-offline', '--prefer-online', '--offline', '--no-install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier', '--loglevel', '--cache'])
const UV_HARMLESS = new Set(['-q', '--quiet', '-v', '--verbose', '--offline', '-n', '--no-cache', '--refresh', '--refresh-package', '--no-progress', '--isolated', '--cache-dir', '--color', '--link-mode', '--compile-bytecode', '--no-build', '--native-tls', '--system-certs'])

const npm = (after: string[][] = []): Launcher => ({ registry: 'npm', after, packageOptions: ['-p', '--package'], extraOptions: [], valueOptions: NPM_VALUES, harmless: NPM_HARMLESS, pythonOptions: [] })
const uv = (after: string[][] = []): Launcher => ({ registry: 'pypi', after, packageOptions: ['--from'], extraOptions: ['--with', '-w'], valueOptions: UV_VALUES, harmless: UV_HARMLESS, pythonOptions: ['-p', '--python'] })

const LAUNCHERS: Readonly<Record<string, Launcher>> = {
  npx: npm(),
  pnpx: npm(),
  bunx: npm(),
  npm: npm([['exec'], ['x']]),
  pnpm: npm([['dlx']]),
  yarn: npm([['dlx']]),
  bun: npm([['x']]),
  uvx: uv(),
  uv: uv([['tool', 'run']]),
  pipx: {
    registry: 'pypi',
    after: [['run']],
    packageOptions: ['--spec'],
    extraOptions: ['--with'],
    valueOptions: ['--python', '--index-url', '-i', '--pip-args'],
    harmless: new Set(['-q', '--quiet', '--no-cache']),
    pythonOptions: ['--python']
  }
}

/** Programs that may download before they start the server, which then takes longer to answer. */
const SLOW_STARTERS = new Set([...Object.keys(LAUNCHERS).filter((name) => name !== 'npm' && name !== 'bun'), 'docker', 'podman'])

/** The launcher of a command line, and its arguments without its sub-command; `undefined` when it is none. */
export function launcherOf (command: string, args: readonly string[]): { readonly launcher: Launcher, readonly rest: readonly string[] } | undefined {
  const name = programName(command)
  const launcher = Object.hasOwn(LAUNCHERS, name) ? LAUNCHERS[name] : undefined
  if (launcher === undefined) return undefined
  if (launcher.after.length === 0) return { launcher, rest: args }
  const first = firstPlain(launcher, args)
  const words = launcher.after.find((sub) => sub.every((word, index) => args[first + index] === word))
  return words === undefined ? undefined : { launcher, rest: [...args.slice(0, first), ...args.slice(first + words.length)] }
}

/** Where the launcher's own options end. */
function firstPlain ({ valueOptions }: Launcher, args: readonly string[]): number {
  let at = 0
  while (args[at]?.startsWith('-') === true) at += valueOptions.includes(args[at] ?? '') ? 2 : 1
  return at
}

/** Is this a program that may fetch something before the server runs, whatever its arguments? */
export function startsSlowly (command: string): boolean {
  return SLOW_STARTERS.has(programName(command))
}

/** A program's name as it is installed under, whatever its path. */
export function programName (command: string): string {
  return basename(command).replace(/\.(?:cmd|exe)$/i, '').toLowerCase()
}
