import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptEnvironment } from './install-context.ts'
import type { LockedInstall, NpmPackage } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { readSpec } from './package-spec.ts'
import { runTool } from './run-tool.ts'
import type { ToolRun } from './run-tool.ts'

/** Name of the project that packages are installed into; nobody else sees it. */
const PROJECT = { name: 'drawbridge-store', version: '0.0.0', private: true }
/** Whatever the operator's own npm is set to: no scripts, no questions, a lock without the address of a mirror. */
const SETTLED = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--no-progress', '--loglevel=error', '--engine-strict=false', '--global=false', '--workspaces=false', '--omit=dev', '--package-lock=true', '--save-exact', '--omit-lockfile-registry-resolved']
/** Members of a lock entry that say nothing about what is installed. */
const CHATTER = new Set(['license', 'funding', 'engines', 'deprecated'])

type Tools = Pick<ToolRun, 'env' | 'signal'>

/**
 * The exact packages that npm would install for these specs now, with their integrity. Contacts the registry.
 * @param scratch an existing directory for its temporary files
 */
export async function resolveNpm (specs: readonly string[], scratch: string, tools: Tools): Promise<Pick<LockedInstall, 'packages' | 'npm'>> {
  const cwd = await mkdtemp(join(scratch, '.resolve-'))
  try {
    await writeFile(join(cwd, 'package.json'), JSON.stringify(PROJECT))
    await runTool({ command: 'npm', args: ['install', '--package-lock-only', ...SETTLED, '--', ...specs], cwd, ...tools })
    const { packages } = JSON.parse(await readFile(join(cwd, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, NpmPackage>> }
    const npm = Object.fromEntries(Object.entries(packages).map(([path, entry]) => [path, withoutChatter(entry)]))
    return { npm, packages: specs.map((spec) => exactName(spec, npm)) }
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

function withoutChatter (entry: NpmPackage): NpmPackage {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !CHATTER.has(name)))
}

function exactName (spec: string, npm: Readonly<Record<string, NpmPackage>>): string {
  const name = readSpec('npm', spec)?.name ?? spec
  return `${name}@${npm[`node_modules/${name}`]?.version ?? ''}`
}

/**
 * Installs exactly what the lock says into a directory; npm holds each tarball to its SHA-512.
 * @throws GatewayError GW_UPSTREAM_START when a tarball is not what it was (EINTEGRITY), or cannot be had
 */
export async function installNpm (install: LockedInstall, tree: string, tools: Tools): Promise<void> {
  const packages = install.npm ?? {}
  const dependencies = packages['']?.dependencies ?? {}
  const manifest = { ...PROJECT, dependencies }
  await writeFile(join(tree, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(tree, 'package-lock.json'), JSON.stringify({ ...PROJECT, lockfileVersion: 3, requires: true, packages: { ...packages, '': manifest } }))
  await runTool({ command: 'npm', args: ['ci', ...SETTLED], cwd: tree, ...tools })
  await runScripts(install, tree, tools)
  // They served npm; the lock says the same.
  for (const name of ['package.json', 'package-lock.json']) await rm(join(tree, name))
}

/** Install scripts of the packages that the operator allowed, and of no other (rulings 6). */
async function runScripts ({ allowScripts, npm = {} }: LockedInstall, tree: string, tools: Tools): Promise<void> {
  const wanted = allowScripts.filter((name) => Object.keys(npm).some((path) => nameOf(path) === name))
  if (wanted.length === 0) return
  await runTool({ command: 'npm', args: ['rebuild', '--ignore-scripts=false', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--', ...wanted], cwd: tree, signal: tools.signal, env: scriptEnvironment(tools.env) })
}

/** Packages with an install script that was not run. */
export function silencedScripts ({ npm = {}, allowScripts }: LockedInstall): string[] {
  const names = Object.entries(npm).filter(([, entry]) => entry.hasInstallScript === true).map(([path]) => nameOf(path))
  return [...new Set(names)].filter((name) => !allowScripts.includes(name)).sort()
}

function nameOf (path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** The newest version that the registry recommends. */
export async function latestNpm (name: string, scratch: string, tools: Tools): Promise<string> {
  const text = await runTool({ command: 'npm', args: ['view', '--json', '--loglevel=error', '--no-update-notifier', '--', `${name}@latest`, 'version'], cwd: scratch, ...tools })
  const found: unknown = JSON.parse(text)
  const version: unknown = Array.isArray(found) ? found.at(-1) : found
  if (typeof version !== 'string') throw packageFault(`npm: does not say which version of ${name} is the latest`)
  return version
}
