import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LockedInstall } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { normalName, readSpec } from './package-spec.ts'
import { createVenv, runPip } from './python-tools.ts'
import type { PythonHome, PythonTools } from './python-tools.ts'
import { runTool } from './run-tool.ts'

type Distributions = NonNullable<LockedInstall['pypi']>

/** Wheels only: building from source runs the package's code, and its result is different every time. */
const WHEELS = ['--only-binary', ':all:']
const QUIET_PIP = ['--quiet', '--no-input', '--disable-pip-version-check']

/**
 * The exact distributions that these requirements come down to now, with the SHA-256 of their files. Contacts the index.
 * With uv the hashes of all files of a release; with pip that of this machine's.
 */
export async function resolvePython (specs: readonly string[], scratch: string, tools: PythonTools): Promise<Pick<LockedInstall, 'packages' | 'pypi'>> {
  const cwd = await mkdtemp(join(scratch, '.resolve-'))
  try {
    const pypi = tools.uv === undefined ? await resolveByPip(specs, cwd, tools) : await resolveByUv(tools.uv, specs, cwd, tools)
    return { pypi, packages: specs.map((spec) => exactName(spec, pypi)) }
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

async function resolveByUv (uv: string, specs: readonly string[], cwd: string, { env, signal, python }: PythonTools): Promise<Distributions> {
  const args = ['pip', 'compile', '--quiet', '--no-header', '--no-annotate', '--generate-hashes', ...WHEELS, ...python === undefined ? [] : ['--python', python], '-']
  return readRequirements(await runTool({ command: uv, args, cwd, env, signal, input: `${specs.join('\n')}\n` }))
}

/** `name==1.2 \` and below it `--hash=sha256:…`. */
function readRequirements (text: string): Distributions {
  const blocks = text.split(/\n(?=[A-Za-z0-9])/)
  return Object.fromEntries(blocks.flatMap((block) => {
    const [, name, version] = /^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)/.exec(block) ?? []
    if (name === undefined || version === undefined) return []
    return [[normalName(name), { version, sha256: [...block.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash = '']) => hash).sort() }]]
  }))
}

interface PipReport {
  readonly install: readonly { readonly metadata: { readonly name: string, readonly version: string }, readonly download_info: { readonly archive_info?: { readonly hash?: string, readonly hashes?: { readonly sha256?: string } } } }[]
}

async function resolveByPip (specs: readonly string[], cwd: string, tools: PythonTools, options: readonly string[] = []): Promise<Distributions> {
  const report = join(cwd, 'report.json')
  await runPip(tools, ['install', '--dry-run', '--ignore-installed', '--report', report, ...QUIET_PIP, ...WHEELS, ...options, '--', ...specs], cwd)
  const { install } = JSON.parse(await readFile(report, 'utf8')) as PipReport
  return Object.fromEntries(install.map(({ metadata, download_info: { archive_info: archive } }) => {
    const sha256 = archive?.hashes?.sha256 ?? archive?.hash?.replace(/^sha256=/, '')
    if (sha256 === undefined) throw packageFault(`pip: the index gives no SHA-256 of ${metadata.name}`)
    return [normalName(metadata.name), { version: metadata.version, sha256: [sha256] }]
  }))
}

function exactName (spec: string, found: Distributions): string {
  const name = normalName(readSpec('pypi', spec)?.name ?? spec)
  return `${name}@${found[name]?.version ?? ''}`
}

/**
 * Installs exactly what the lock says into a virtual environment; each wheel is held to its SHA-256. Files are copied, never
 * linked into a cache that others write to, and compiled once, because nobody may write there later.
 * @param home name that the directory will have: scripts name it
 */
export async function installPython (install: LockedInstall, tree: string, home: string, tools: PythonTools): Promise<PythonHome> {
  const python = await createVenv(tools, tree)
  const requirements = join(tree, '.requirements.txt')
  await writeFile(requirements, Object.entries(install.pypi ?? {}).map(([name, { version, sha256 }]) => `${name}==${version} ${sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`).join(''))
  const { env, signal } = tools
  if (tools.uv === undefined) {
    await runPip(tools, ['--python', join(tree, 'bin', 'python'), 'install', ...QUIET_PIP, '--require-hashes', '--no-deps', '--compile', ...WHEELS, '-r', requirements], tree)
  } else {
    await runTool({ command: tools.uv, args: ['pip', 'install', '--quiet', '--python', join(tree, 'bin', 'python'), '--require-hashes', '--no-deps', '--compile-bytecode', '--link-mode', 'copy', ...WHEELS, '-r', requirements], cwd: tree, env, signal })
  }
  await rm(requirements)
  await renameIn(join(tree, 'bin'), tree, home)
  return python
}

/** Scripts begin with the path of their interpreter, which moves when the install gets its name. */
async function renameIn (bin: string, from: string, to: string): Promise<void> {
  for (const entry of await readdir(bin, { withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(bin, entry.name)
    const bytes = await readFile(path)
    // latin1 keeps every byte, so that programs pass unharmed.
    const [text, before, after] = [bytes.toString('latin1'), Buffer.from(from).toString('latin1'), Buffer.from(to).toString('latin1')]
    if (text.startsWith('#!') && text.includes(before)) await writeFile(path, text.replaceAll(before, after), 'latin1')
  }
}

/** The newest version that has a wheel for this machine. */
export async function latestPython (name: string, scratch: string, tools: PythonTools): Promise<string> {
  const cwd = await mkdtemp(join(scratch, '.resolve-'))
  try {
    if (tools.uv === undefined) return (await resolveByPip([name], cwd, tools, ['--no-deps']))[normalName(name)]?.version ?? ''
    const args = ['pip', 'compile', '--quiet', '--no-header', '--no-annotate', '--no-deps', ...WHEELS, '-']
    const text = await runTool({ command: tools.uv, args, cwd, env: tools.env, signal: tools.signal, input: `${name}\n` })
    return readRequirements(text)[normalName(name)]?.version ?? ''
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}
