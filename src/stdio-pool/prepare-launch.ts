import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { StoredCommand } from '../packages/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { HostEnvironment } from './host-environment.ts'
import { dataDirsOf, rootDirsOf } from './launch-directories.ts'
import type { FilledText } from './launch-directories.ts'
import { launcherFamily } from './launcher-environment.ts'
import { fillTemplate } from './template.ts'
import type { LaunchIdentity } from './template.ts'
import type { WorkerLaunch } from './types.ts'
import { privateHome, privateTmp, workerEnvironment } from './worker-environment.ts'

/** Which worker a launch is for. */
export interface LaunchInstance {
  /** Settings.stateDir: absolute. */
  readonly stateDir: string
  /** The worker key (rulings 1). Only a hash of it is seen outside. */
  readonly workerKey: string
}

/**
 * Turns a server entry and a verified identity into one process to start. Nothing about the caller but the
 * file-system-safe names of tenant and user gets in (T45). Reads the file system to tell directories from other args;
 * creates nothing.
 * @param stored what the entry's launcher command comes down to, from the package store; undefined = started as written
 * @throws GatewayError GW_CONFIG if a template needs an identity that the isolation level does not have
 */
export function prepareLaunch (server: ServerSettings, identity: LaunchIdentity, instance: LaunchInstance, host: HostEnvironment, stored?: StoredCommand): WorkerLaunch {
  const texts = fillEntry(stored === undefined ? server : { ...server, args: stored.args }, identity)
  const family = stored === undefined ? launcherFamily(server.command) : undefined
  const privateDir = join(instance.stateDir, 'workers', privateName(instance.workerKey))
  const tmpDir = privateTmp(host)
  const cwd = texts.cwd[0]?.filled ?? privateHome(privateDir)
  const own = Object.fromEntries(Object.keys(server.env).map((name, index) => [name, texts.env[index]?.filled ?? '']))
  const sources = { cwd, named: [...texts.cwd, ...texts.readOnly, ...texts.writable], args: texts.args, env: texts.env, container: family === 'container' }
  return {
    server: server.name,
    command: stored?.command ?? server.command,
    args: texts.args.map((arg) => arg.filled),
    env: workerEnvironment({ host, family, stateDir: instance.stateDir, privateDir, tmpDir, own: { ...stored?.env, ...own } }),
    cwd,
    privateDir,
    tmpDir,
    dataDirs: dataDirsOf(sources),
    rootDirs: rootDirsOf(sources),
    programDirs: stored?.directories ?? [],
    sandbox: { ...server.sandbox, readOnly: texts.readOnly.map(filledOf), writable: texts.writable.map(filledOf) }
  }
}

/** The places where templates may stand (interface, rulings 1). */
function fillEntry (server: ServerSettings, identity: LaunchIdentity): Record<'args' | 'env' | 'cwd' | 'readOnly' | 'writable', FilledText[]> {
  const fill = (template: string, key: string): FilledText => {
    return { template, filled: fillTemplate(template, identity, `mcpServers.${server.name}.${key}`) }
  }
  return {
    args: server.args.map((arg, index) => fill(arg, `args[${index}]`)),
    env: Object.entries(server.env).map(([name, value]) => fill(value, `env.${name}`)),
    cwd: server.cwd === undefined ? [] : [{ ...fill(server.cwd, 'cwd'), isDirectory: true }],
    readOnly: server.sandbox.readOnly.map((path) => ({ ...fill(path, 'sandbox.readOnly'), isDirectory: true })),
    writable: server.sandbox.writable.map((path) => ({ ...fill(path, 'sandbox.writable'), isDirectory: true }))
  }
}

function filledOf ({ filled }: FilledText): string {
  return filled
}

/** Random, so that a worker never finds what its predecessor under the same key left. */
function privateName (workerKey: string): string {
  const key = createHash('sha256').update(workerKey).digest('hex').slice(0, 12)
  return `${key}-${randomBytes(4).toString('hex')}`
}
