import { pathsIn } from '../shared/path-texts.ts'
import type { StoredCommand } from '../packages/index.ts'
import { brandAs, type TenantId, type UserId } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { HostEnvironment } from './host-environment.ts'
import { launcherFamily } from './launcher-environment.ts'
import { prepareLaunch, type LaunchInstance } from './prepare-launch.ts'
import { fillTemplate, isTemplated, type LaunchIdentity } from './template.ts'
import type { WorkerLaunch } from './types.ts'

/** What `{tenant}` and `{user}` are inside, for everybody: each sees its own directory there. */
const INNER: Required<LaunchIdentity> = { tenant: brandAs<TenantId>('tenant'), user: brandAs<UserId>('user') }
/** The last template of a path stands in the name of a file. */
const NAMES_FILE = /\}[^/}]*\.[A-Za-z0-9]+$/

/** The keys of an entry that templates may stand in, with their texts. */
export function templatePlaces ({ args, env, cwd, sandbox }: ServerSettings): Array<readonly [string, string]> {
  return [
    ...args.map((text, index) => [`args[${index}]`, text] as const),
    ...Object.entries(env).map(([name, text]) => [`env.${name}`, text] as const),
    ...(cwd === undefined ? [] : [['cwd', cwd] as const]),
    ...sandbox.readOnly.map((text) => ['sandbox.readOnly', text] as const),
    ...sandbox.writable.map((text) => ['sandbox.writable', text] as const)
  ]
}

/** Why the directories of an entry cannot be mounted after the start; undefined = they can, or there is nothing to mount. */
export function whyNoLateMounts (server: ServerSettings): string | undefined {
  const templated = templatePlaces(server).filter(([, text]) => isTemplated(text))
  if (templated.length === 0) return undefined
  if (launcherFamily(server.command) === 'container') return 'a container\'s own mounts are made at its start'
  for (const [key, text] of templated) {
    if (key === 'cwd') return 'a process that runs stays in the cwd that it was started in'
    if (key === 'sandbox.readOnly') return 'what is mounted later is writable'
    const paths = pathsIn(text)
    if (isTemplated(paths.reduce((rest, path) => rest.replace(path, ''), text))) return `${key} holds a template outside of an absolute path`
    if (paths.some((path) => isTemplated(path) && !path.startsWith('/'))) return `${key} holds a template outside of an absolute path`
    if (paths.some((path) => NAMES_FILE.test(path))) return `${key} names a file, not a directory, by its template`
  }
  const bases = templated.flatMap(([, text]) => pathsIn(text).filter(isTemplated).map(baseOf))
  const isInside = bases.some((base) => bases.some((other) => base.startsWith(`${other}/`)))
  return isInside ? 'one of its directories is inside another one' : undefined
}

/** The part of a path that is somebody's: up to the last template. */
function baseOf (template: string): string {
  const segments = template.split('/')
  return segments.slice(0, segments.findLastIndex(isTemplated) + 1).join('/')
}

/** The directories to mount for an owner, with their places inside. */
export function lateDirectories (server: ServerSettings, identity: LaunchIdentity): ReadonlyArray<{ readonly inner: string, readonly source: string }> {
  const sources = basesOf(server, identity)
  const pairs = basesOf(server, INNER).map((inner, index) => [inner, sources[index] ?? ''] as const)
  return [...new Map(pairs)].map(([inner, source]) => ({ inner, source }))
}

function basesOf (server: ServerSettings, identity: LaunchIdentity): string[] {
  return templatePlaces(server).flatMap(([key, text]) => {
    const filled = pathsIn(fillTemplate(text, identity, `mcpServers.${server.name}.${key}`))
    return pathsIn(text).flatMap((template, index) => isTemplated(template) ? [filled[index]?.split('/').slice(0, baseOf(template).split('/').length).join('/') ?? ''] : [])
  })
}

/** Are the directories of this entry mounted after the start, at one place for everybody? */
export function mountsLate (server: ServerSettings): boolean {
  return server.sandbox.mountLate === true && templatePlaces(server).some(([, text]) => isTemplated(text)) && whyNoLateMounts(server) === undefined
}

/**
 * A launch for nobody in particular: templates are filled with the same names for everybody, and the directories so named do not
 * exist outside. What is to be found there is mounted when it is known whose the worker is.
 */
export function prepareLateLaunch (server: ServerSettings, instance: LaunchInstance, host: HostEnvironment, stored?: StoredCommand): WorkerLaunch {
  const launch = prepareLaunch(server, INNER, instance, host, stored)
  const { sandbox } = launch
  const lateMounts = lateDirectories(server, INNER).map(({ inner }) => ({ inner }))
  const isLate = (path: string): boolean => lateMounts.some(({ inner }) => path === inner || path.startsWith(`${inner}/`))
  return { ...launch, dataDirs: [], lateMounts, sandbox: { ...sandbox, writable: sandbox.writable.filter((path) => !isLate(path)) } }
}
