import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { cannotContain, limitsOf, programOf } from '../context.ts'
import type { SandboxContext } from '../context.ts'
import type { EgressGrip } from '../egress/index.ts'
import type { LateTools, NamespaceTools } from '../host-support.ts'
import { loaderApart, settingLoader } from '../loader-variables.ts'
import { withPrivateCaches } from '../program-environment.ts'
import type { ResourceGrip } from '../resources/index.ts'
import { openFilter } from '../seccomp/index.ts'
import type { Containment, ContainRequest } from '../types.ts'
import { giveDirectories, ownDirectories, refuseLinks } from '../worker-directories.ts'
import { WORKER_ID } from '../worker-user.ts'
import { writeAccounts } from './accounts.ts'
import { ignoringTerm, namespaceArgs } from './arguments.ts'
import { createLateMounts } from './late-mounts.ts'
import type { LateMounts } from './late-mounts.ts'
import { workerView } from './view.ts'

/** A descriptor of the containment is the started process's fourth: after its three pipes. */
const FIRST_DESCRIPTOR = 3

const NO_LATE_TOOLS = 'unshare, nsenter and mount of util-linux are not all there, or may not be used'

/** What of one start has to be undone. */
interface Grips {
  readonly resources: ResourceGrip
  readonly egress: EgressGrip | undefined
  readonly filter: number | undefined
}

/**
 * Contains a process by namespaces: files, processes, network, a user without rights, a filter of system calls.
 * @throws GatewayError GW_CONFIG (the entry asks for the impossible), GW_UPSTREAM_START (no such command)
 */
export async function containInNamespace (request: ContainRequest, tools: NamespaceTools, context: SandboxContext): Promise<Containment> {
  refuseWholeDisk(request)
  const program = programOf(request)
  const user = workerUser(request, tools)
  refuseLinks(request, user.uid)
  giveDirectories(ownDirectories(request), user.uid)
  const late = lateMountsOf(request, tools, context)
  const grips = await takeGrips(request, tools, context)
  try {
    const { env, inner } = loaderApart({ ...withPrivateCaches(request), ...grips.egress?.env })
    const bwrap = namespaceArgs({
      tools,
      user,
      unshareNetwork: isCutOff(request),
      mounts: [...context.system, ...workerView(request, program, context.hidden, user.uid), ...late?.mounts ?? []],
      accounts: writeAccounts(context.scratchDir, user.uid, user.gid),
      filterDescriptor: grips.filter === undefined ? undefined : FIRST_DESCRIPTOR,
      cwd: request.cwd,
      command: [...grips.resources.inner, ...settingLoader(inner), program, ...request.args]
    })
    const [command = tools.bwrap, ...args] = [...grips.resources.prefix, ...grips.egress?.prefix ?? [], ...late?.prefix ?? [], ...ignoringTerm(tools, bwrap)]
    return containment({ command, args, env, cwd: '/' }, grips, tools, late === undefined ? undefined : { late, give: (source) => giveLate(request, source, user.uid) })
  } catch (error) {
    if (grips.filter !== undefined) closeSync(grips.filter)
    await letGo(grips)
    throw error
  }
}

interface Filling {
  readonly late: LateMounts
  /** Makes a directory the worker's own. */
  give (source: string): void
}

function containment (start: Pick<Containment, 'command' | 'args' | 'env' | 'cwd'>, grips: Grips, tools: NamespaceTools, filling: Filling | undefined): Containment {
  return {
    level: 'namespace',
    ...start,
    descriptors: grips.filter === undefined ? [] : [grips.filter],
    async started (pid) { filling?.late.startedAs(pid) },
    ended: () => letGo(grips),
    ...(filling === undefined ? {} : { mount: (inner: string, source: string) => mountLate(filling, inner, source) }),
    ...(tools.late === undefined ? { mountRefusal: NO_LATE_TOOLS } : {})
  }
}

async function mountLate ({ late, give }: Filling, inner: string, source: string): Promise<void> {
  give(source)
  await late.mount(inner, source)
}

function giveLate ({ server }: ContainRequest, source: string, uid: number): void {
  refuseLinks({ server, dataDirs: [source] }, uid)
  giveDirectories([source], uid)
}

async function takeGrips (request: ContainRequest, { by }: NamespaceTools, { resources, egress }: SandboxContext): Promise<Grips> {
  const { network } = request.settings
  const bounds = await resources.enter(limitsOf(request, by === 'user'), request.server)
  let guarded: EgressGrip | undefined
  try {
    guarded = typeof network === 'string' || network.length === 0 ? undefined : await egress.open({ server: request.server, allow: network })
    return { resources: bounds, egress: guarded, filter: openFilter() }
  } catch (error) {
    await letGo({ resources: bounds, egress: guarded, filter: undefined })
    throw error
  }
}

/** The processes first: what still runs could use the network. */
async function letGo ({ resources, egress }: Grips): Promise<void> {
  await resources.release()
  await egress?.close()
}

function isCutOff ({ settings: { network } }: ContainRequest): boolean {
  return network === 'none' || (typeof network !== 'string' && network.length === 0)
}

function workerUser ({ server, settings }: ContainRequest, { by }: NamespaceTools): { uid: number, gid: number } {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const uid = settings.uid ?? (by === 'root' ? WORKER_ID : own.uid)
  if (by === 'root') return { uid, gid: uid }
  if (uid !== own.uid) throw cannotContain(server, `uid ${uid} can only be given by a gateway that runs as root; this one runs as ${own.uid}`)
  return own
}

function lateMountsOf (request: ContainRequest, tools: NamespaceTools, { scratchDir }: SandboxContext): LateMounts | undefined {
  const { lateMounts = [] } = request
  return lateMounts.length === 0 || !hasLate(tools) ? undefined : createLateMounts(lateMounts, join(scratchDir, 'late'), tools)
}

function hasLate (tools: NamespaceTools): tools is NamespaceTools & { readonly late: LateTools } {
  return tools.late !== undefined
}

function refuseWholeDisk ({ server, settings, namedDirs, dataDirs }: ContainRequest): void {
  if (![...namedDirs, ...dataDirs, ...settings.readOnly, ...settings.writable].includes('/')) return
  throw cannotContain(server, 'the entry names the directory /, which would undo what level "namespace" hides; name the directories that the server needs, or write sandbox.level: none')
}
