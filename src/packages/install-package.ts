import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ServerSettings } from '../shared/settings/server.ts'
import { toolEnvironment } from './install-context.ts'
import type { InstallContext } from './install-context.ts'
import { beginInstall, isLocalTo, machinePlatform, publish, removeTree, treeOf } from './installed.ts'
import { unhashedPackage } from './lock-file.ts'
import type { LockedInstall } from './lock-types.ts'
import { installNpm, resolveNpm, silencedScripts } from './npm-packages.ts'
import { packageFault } from './package-fault.ts'
import { installPython, resolvePython } from './python-packages.ts'
import { findPythonTools } from './python-tools.ts'
import { digestTree } from './tree-digest.ts'
import type { PackageRequest } from './types.ts'

/** What a crashed install left is removed after this; an install that runs is younger. */
const LEFT_OVER_MS = 86_400_000

/** Makes the store's directory, and removes what crashed installs left in it. */
export async function openStore ({ directory }: InstallContext): Promise<void> {
  try {
    // Workers with a user id of their own pass through the state directory, and list nothing in it.
    await mkdir(dirname(directory), { recursive: true, mode: 0o711 })
    await mkdir(directory, { recursive: true, mode: 0o755 })
    await chmod(directory, 0o755)
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      if (/^\.(?:new|old|resolve)-/.test(name) && Date.now() - (await stat(path)).mtimeMs > LEFT_OVER_MS) await removeTree(path)
    }
  } catch (cause) {
    throw packageFault(`the package store ${directory} cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}): run this as the user that owns it`, cause)
  }
}

/** What the registry offers for a request now, as a lock entry that was never installed. */
export async function resolvePackages (request: PackageRequest, server: ServerSettings, context: InstallContext): Promise<LockedInstall> {
  const tools = { env: toolEnvironment(context, server), signal: context.signal }
  const found = request.registry === 'npm'
    ? await resolveNpm(request.specs, context.directory, tools)
    : await resolvePython(request.specs, context.directory, findPythonTools(tools, request.python))
  if (found.packages.some((name) => name.endsWith('@'))) throw packageFault(`the registry's answer does not hold ${request.specs.join(' ')}`)
  const unhashed = unhashedPackage(found)
  if (unhashed !== undefined) throw packageFault(`${request.specs.join(' ')} needs ${unhashed}, which the registry gives no hash for: it cannot be locked`)
  return { registry: request.registry, allowScripts: request.allowScripts, ...request.python === undefined ? {} : { python: request.python }, ...found, content: {} }
}

/**
 * Installs what the lock says into the store, under its key, read-only.
 * @returns the lock entry, with this platform's content if it had none yet
 * @throws GatewayError GW_UPSTREAM_START when something is not what was locked (T46); the store is then as it was
 */
export async function installPackages (key: string, install: LockedInstall, server: ServerSettings | undefined, context: InstallContext): Promise<LockedInstall> {
  const scratch = await beginInstall(context.directory)
  try {
    const made = await fill(key, install, join(scratch, 'tree'), server, context)
    const digest = await digestTree(join(scratch, 'tree'), isLocalTo(install))
    const expected = install.content[made.platform]
    if (expected !== undefined && expected !== digest.content) throw packageFault(`${install.packages.join(' ')}: the installed files are not those that were locked, although every archive is`)
    await publish(context.directory, scratch, key, { ...made, ...digest })
    for (const name of silencedScripts(install)) context.note(`${install.packages.join(' ')}: the install script of ${name} was not run; allowScripts of the entry allows it`)
    return { ...install, content: { ...install.content, [made.platform]: digest.content } }
  } finally {
    await removeTree(scratch)
  }
}

async function fill (key: string, install: LockedInstall, tree: string, server: ServerSettings | undefined, context: InstallContext): Promise<{ platform: string, outside: string[] }> {
  const tools = { env: toolEnvironment(context, server), signal: context.signal }
  if (install.registry === 'npm') {
    await installNpm(install, tree, tools)
    return { platform: machinePlatform(), outside: [] }
  }
  const python = await installPython(install, tree, treeOf(context.directory, key), findPythonTools(tools, install.python))
  return { platform: `${machinePlatform()}-${python.version}`, outside: [python.prefix] }
}
