import { promises as dns } from 'node:dns'
import { classifyAddress } from '../src/net/index.ts'
import { createSandbox, describeSupport, isWeaker } from '../src/sandbox/index.ts'
import type { ContainRequest, Containment, Sandbox } from '../src/sandbox/index.ts'
import { pathsIn } from '../src/shared/path-texts.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { ServerSettings } from '../src/shared/settings/server.ts'
import { CONTAINER_VARIABLES, launcherFamily } from '../src/stdio-pool/index.ts'
import type { WorkerLaunch } from '../src/stdio-pool/index.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'

/** What contains the workers of one gateway. */
export interface ContainedWorkers {
  readonly sandbox: Sandbox
  /** For the pool: contains one launch. */
  contain (launch: WorkerLaunch): Promise<Containment>
  /** Says once what workers are contained by on this host, and what of the configuration that is too little for. */
  report (): Promise<void>
}

/** The sandbox of one snapshot of the settings. Nothing is looked at before the first worker, or {@link ContainedWorkers.report}. */
export function composeSandbox (settings: Settings, env: NodeJS.ProcessEnv, telemetry: Telemetry, logger: Logger): ContainedWorkers {
  const sandbox = createSandbox({
    mode: settings.mode,
    stateDir: settings.stateDir,
    hidden: {
      directories: sharedDirectories(settings.servers.values()),
      files: settings.configFiles ?? [],
      notWhole: env['HOME'] === undefined || env['HOME'] === '' ? [] : [env['HOME']]
    },
    engineEnv: engineEnvironment(env),
    egress: {
      resolve: async (host) => await dns.lookup(host, { all: true }),
      classify: classifyAddress,
      ownPorts: () => [settings.listen.port, settings.management.port],
      events: {
        refused (server, reason, target) {
          telemetry.count('worker_egress_refused_total', { server, reason }).inc()
          if (target !== undefined) logger.info({ event: 'egress_refused', server, reason, target }, 'a worker may not reach this')
        }
      }
    },
    resourceEvents: {
      exceeded (server, limit) {
        telemetry.count('worker_limit_exceeded_total', { server, limit }).inc()
        logger.warn({ event: 'worker_limit', server, limit }, 'a worker ran into a limit of its sandbox')
      }
    }
  })
  return { sandbox, contain: (launch) => sandbox.contain(requestOf(launch)), report: () => report(settings, sandbox, logger) }
}

/** Launchers that ask a registry. */
const FETCHING: ReadonlySet<unknown> = new Set(['npm', 'python'])

function requestOf (launch: WorkerLaunch): ContainRequest {
  const { sandbox, dataDirs, rootDirs, cwd, lateMounts = [] } = launch
  const others = [cwd, ...dataDirs, ...sandbox.readOnly, ...sandbox.writable]
  const isLate = (path: string): boolean => lateMounts.some(({ inner }) => path === inner || path.startsWith(`${inner}/`))
  return {
    server: launch.server,
    command: launch.command,
    args: launch.args,
    env: launch.env,
    cwd,
    privateDir: launch.privateDir,
    tmpDir: launch.tmpDir,
    settings: sandbox,
    fetches: FETCHING.has(launcherFamily(launch.command)),
    dataDirs,
    namedDirs: rootDirs.filter((path) => !others.includes(path) && !isLate(path)),
    lateMounts,
    programDirs: launch.programDirs
  }
}

/** Directories below which each user or tenant has something: the operator's paths up to the first template. */
function sharedDirectories (servers: Iterable<ServerSettings>): string[] {
  const texts = [...servers].flatMap(({ args, env, cwd, sandbox }) => [...args, ...Object.values(env), ...cwd === undefined ? [] : [cwd], ...sandbox.readOnly, ...sandbox.writable])
  const found = texts.flatMap((text) => pathsIn(text)).filter((path) => path.startsWith('/')).flatMap((path) => {
    const segments = path.split('/')
    const first = segments.findIndex((segment) => /\{(?:tenant|user)\}/.test(segment))
    return first < 2 ? [] : [segments.slice(0, first).join('/')]
  })
  return [...new Set(found)]
}

function engineEnvironment (env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['PATH', 'HOME', ...CONTAINER_VARIABLES]
  return Object.fromEntries(names.flatMap((name) => env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]]))
}

async function report (settings: Settings, sandbox: Sandbox, logger: Logger): Promise<void> {
  const levels = [...settings.servers.values()].filter(({ transport }) => transport === 'stdio').map((server) => server.sandbox.level)
  if (levels.every((level) => level === 'none')) return
  const support = await sandbox.host()
  const detail = { event: 'sandbox', level: support.strongest, resources: support.resources.kind, missing: support.shortcomings.map(({ level, why, fix }) => `${level}: ${why}. To change that: ${fix}`) }
  const isWeak = isWeaker(support.strongest, 'namespace') && levels.some((level) => level === 'auto' || level === 'namespace')
  if (isWeak) logger.warn(detail, describeSupport(support))
  else logger.info(detail, describeSupport(support))
}
