import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { findProgram } from './find-program.ts'
import type { InstallRecord } from './installed.ts'
import type { LockedInstall } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { readSpec } from './package-spec.ts'
import type { PackageRequest, StoredCommand } from './types.ts'

/** Where an installed program is looked for. */
export interface ProgramPlace {
  readonly tree: string
  readonly install: LockedInstall
  readonly record: InstallRecord
  /** PATH of the gateway, for interpreters other than Node and Python. */
  readonly searchPath: string
}

/**
 * The plain binary behind a request: for npm the package's program, run by the interpreter of its first line; for PyPI the
 * environment's script, run by the environment's Python.
 * @throws GatewayError GW_UPSTREAM_START if the packages have no such program
 */
export async function storedProgram (request: PackageRequest, place: ProgramPlace): Promise<Omit<StoredCommand, 'args'> & { readonly before: readonly string[] }> {
  const tree = await realpath(place.tree)
  const found = request.registry === 'npm' ? await npmProgram(request, tree) : pythonProgram(request, tree)
  const file = await realpath(found).catch(() => undefined)
  if (file === undefined || !file.startsWith(`${tree}${sep}`)) throw packageFault(`${place.install.packages.join(' ')} has no program ${basename(found)}`)
  const { command, before } = await interpreted(file, tree, place)
  return {
    command,
    before,
    // Bytecode is made at the install; a worker that may write there would change what was verified.
    env: request.registry === 'pypi' ? { PYTHONDONTWRITEBYTECODE: '1' } : {},
    directories: [...new Set([dirname(tree), ...command.startsWith(`${tree}${sep}`) ? [] : [dirname(command)], ...place.record.outside])].filter((directory) => !isOfSystem(directory)),
    package: place.install.packages[0] ?? ''
  }
}

/** What every worker sees anyway. */
function isOfSystem (directory: string): boolean {
  return ['/', '/usr', '/bin', '/usr/bin', '/usr/local', '/usr/local/bin'].includes(directory)
}

/** As npx chooses: the only program, or the one that is named like the package. */
async function npmProgram ({ specs, program }: PackageRequest, tree: string): Promise<string> {
  if (program !== undefined) return join(tree, 'node_modules', '.bin', basename(program))
  const name = readSpec('npm', specs[0] ?? '')?.name ?? ''
  const folder = join(tree, 'node_modules', name)
  const { bin } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly bin?: string | Readonly<Record<string, string>> }
  const own = basename(name)
  if (typeof bin === 'string') return join(folder, bin)
  const programs = Object.values(bin ?? {})
  return join(folder, bin?.[own] ?? (programs.length === 1 ? programs[0] : undefined) ?? own)
}

function pythonProgram ({ specs, program }: PackageRequest, tree: string): string {
  return join(tree, 'bin', basename(program ?? readSpec('pypi', specs[0] ?? '')?.name ?? ''))
}

/** How the kernel would start this file, but for Node, which is this one: the machine's may be too old, or absent. */
async function interpreted (file: string, tree: string, { searchPath }: ProgramPlace): Promise<{ command: string, before: string[] }> {
  const head = (await readFile(file)).subarray(0, 512).toString('latin1')
  const words = /^#!\s*(\S.*)/.exec(head)?.[1]?.trim().split(/\s+/) ?? []
  if (head.includes("'''exec' ") || words[0]?.startsWith(join(tree, 'bin', 'python')) === true) return { command: join(tree, 'bin', 'python'), before: [file] }
  if (words.length === 0) return /\.[cm]?js$/.test(file) ? { command: process.execPath, before: [file] } : { command: file, before: [] }
  const byEnv = basename(words[0] ?? '') === 'env'
  const [interpreter = '', ...options] = byEnv ? words.slice(words[1] === '-S' ? 2 : 1) : words
  if (/^node(?:js)?$/.test(basename(interpreter))) return { command: process.execPath, before: [...options, file] }
  // A path would be the package's choice, and what lies beside that program would be shown to its worker.
  const command = findProgram(basename(interpreter), searchPath)
  if (command === undefined) throw packageFault(`${basename(file)} is run by ${interpreter}, which is not installed`)
  return { command, before: [...options, file] }
}
