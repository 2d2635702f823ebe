import { capabilitiesOf, ListeningClient, type Relay } from '../bridge/index.ts'
import { errorReply, isJsonObject, type JsonObject } from '../protocol/index.ts'
import { splitAggregateUri } from '../routing/index.ts'
import type { Exchange, SessionRoute } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { FeatureKind } from '../tenancy/index.ts'
import type { Connection } from '../upstream/index.ts'
import type { Caller, GatewayContext, ModernRequest } from './context.ts'
import type { BorrowedRelay } from './links.ts'
import { askServer } from './one-shot.ts'

/** A server that is not up by then is listened to all the same; what it honours is not known then, and not claimed. */
const ACKNOWLEDGE_MS = 5000
/** Resources of one listen at most. */
const MAX_URIS = 1000

/** The list flags, the capability that offers each, and the rules that decide who may see the list. */
const FLAGS: ReadonlyArray<{ readonly flag: string, readonly capability: string, readonly kind: FeatureKind }> = [
  { flag: 'toolsListChanged', capability: 'tools', kind: 'tool' },
  { flag: 'promptsListChanged', capability: 'prompts', kind: 'prompt' },
  { flag: 'resourcesListChanged', capability: 'resources', kind: 'resource' }
]

interface Wishes { readonly flags: ReadonlySet<string>, readonly uris: readonly string[] }

/** A resource to watch: where it is, and how the client calls it. */
interface Watched { readonly server: ServerSettings, readonly uri: string, readonly asked: string }

/**
 * subscriptions/listen: stays open until the client leaves, acknowledges what servers really honour and nothing else, and is
 * then told of changes (MCP 2026-07-28 subscriptions). Session-era servers are subscribed to, modern ones listened to.
 * @returns what to call when the client has gone
 */
export function listen (context: GatewayContext, caller: Caller, route: SessionRoute, request: ModernRequest, capabilities: JsonObject, exchange: Exchange): () => void {
  const wishes = wishesOf(request.params['notifications'])
  if (wishes === undefined) {
    exchange.finish(request.id, errorReply('GW_PROTOCOL_PARAMS', { publicMessage: `Invalid params: "notifications" must be an object of flags and of at most ${MAX_URIS} resourceSubscriptions` }))
    return () => undefined
  }
  const listener = new ListeningClient(caller.principal, route, exchange, request.id)
  const held: BorrowedRelay[] = []
  const leave = (): void => {
    listener.drop()
    context.listens.delete(listener)
    for (const { release } of held.splice(0)) release()
  }
  if (!context.listens.add(listener, leave)) {
    exchange.refuse(new GatewayError('GW_SESSION_LIMIT', { retryAfterS: 10, publicMessage: 'Too many open subscriptions. Close one.' }), request.id)
    return () => undefined
  }
  begin(context, listener, wishes, capabilities, held).catch((thrown: unknown) => {
    context.events.thrown(thrown)
    leave()
    exchange.finish(request.id, errorReply('GW_INTERNAL'))
  })
  return leave
}

async function begin (context: GatewayContext, listener: ListeningClient, wishes: Wishes, capabilities: JsonObject, held: BorrowedRelay[]): Promise<void> {
  const watched = watchable(context, listener, wishes.uris)
  const servers = serversOf(context, listener)
  const relays = servers.map((server) => {
    const hold = context.links.hold(listener, server, capabilities)
    held.push(hold)
    return { server, relay: hold.relay }
  })
  const isAggregate = listener.route.kind === 'aggregate'
  const parts = await Promise.all(relays.map(async ({ server, relay }) => {
    const mine = watched.filter((resource) => resource.server === server)
    // The aggregate announces changes of its own lists, whichever servers are up: none is started for that.
    if (isAggregate && mine.length === 0) return undefined
    return await soon(honouredBy(listener, relay, mine, server.timeoutMs), context)
  }))
  if (listener.closed) return
  const honoured: JsonObject = {}
  for (const { flag, kind } of FLAGS) {
    const isOffered = isAggregate || parts.some((part) => part?.flags.has(flag) === true)
    if (wishes.flags.has(flag) && isOffered && context.policy.missingListScope(listener.principal, kind) === undefined) honoured[flag] = true
  }
  const uris = parts.flatMap((part) => part?.uris ?? [])
  if (uris.length > 0) honoured['resourceSubscriptions'] = uris
  listener.acknowledge(honoured)
}

interface Honoured { readonly flags: ReadonlySet<string>, readonly uris: readonly string[] }

const NOTHING: Honoured = { flags: new Set(), uris: [] }

/** What one server honours, in its own era's way. */
async function honouredBy (listener: ListeningClient, relay: Relay, wanted: readonly Watched[], timeoutMs: number): Promise<Honoured> {
  const connection = await relay.connection()
  // Whoever has gone while the server was started, nobody would unsubscribe.
  if (listener.closed || listener.acknowledged) return NOTHING
  const offered = capabilitiesOf(connection)
  const flags = new Set<string>()
  for (const { flag, capability } of FLAGS) {
    const entry = offered[capability]
    if (isJsonObject(entry) && entry['listChanged'] === true) flags.add(flag)
  }
  const canWatch = isJsonObject(offered['resources']) && offered['resources']['subscribe'] === true
  const resources = canWatch ? wanted.filter(({ uri }) => relay.subscribe(listener, uri)) : []
  const heard = connection.era === 'modern' ? await relay.heard(connection) : undefined
  const uris = await Promise.all(resources.map(async (resource) => await isHonoured(relay, connection, heard, resource.uri, timeoutMs) ? resource.asked : undefined))
  // What comes after the acknowledgement is not part of it.
  for (const [at, { uri }] of resources.entries()) if (uris[at] === undefined || listener.acknowledged) relay.unsubscribe(listener, uri)
  if (connection.era === 'modern') for (const flag of [...flags]) if (heard?.[flag] !== true) flags.delete(flag)
  return { flags, uris: uris.filter((uri) => uri !== undefined) }
}

async function isHonoured (relay: Relay, connection: Connection, heard: JsonObject | undefined, uri: string, timeoutMs: number): Promise<boolean> {
  if (connection.era === 'modern') {
    const honoured = heard?.['resourceSubscriptions']
    return Array.isArray(honoured) && honoured.includes(uri)
  }
  const reply = await askServer(relay, 'resources/subscribe', { uri }, timeoutMs)
  return reply.error === undefined
}

/** A server that cannot be reached now honours nothing that it would have to say itself. */
async function soon (part: Promise<Honoured>, context: GatewayContext): Promise<Honoured | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ACKNOWLEDGE_MS)
  try {
    return await Promise.race([part.catch((thrown: unknown) => {
      if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
      return undefined
    }), promise])
  } finally {
    clearTimeout(timer)
  }
}

function serversOf (context: GatewayContext, { principal, route }: ListeningClient): ServerSettings[] {
  const names = route.kind === 'server' ? [route.server] : context.policy.servers(principal)
  return names.map((name) => context.server(name))
}

/** Resources that the principal may watch; others are left out of the acknowledgement like unknown ones (T25). */
function watchable (context: GatewayContext, { principal, route }: ListeningClient, uris: readonly string[]): Watched[] {
  const allowed = context.policy.servers(principal)
  const watched: Watched[] = []
  for (const asked of uris) {
    const at = route.kind === 'server' ? { server: route.server, uri: asked } : splitAggregateUri(asked, allowed)
    if (at === undefined || context.policy.refusal(principal, at.server, 'resource', at.uri) !== undefined) continue
    watched.push({ server: context.server(at.server), uri: at.uri, asked })
  }
  return watched
}

function wishesOf (notifications: unknown): Wishes | undefined {
  if (!isJsonObject(notifications)) return undefined
  const uris = notifications['resourceSubscriptions'] ?? []
  if (!Array.isArray(uris) || uris.length > MAX_URIS || !uris.every((uri) => typeof uri === 'string')) return undefined
  const flags = FLAGS.map(({ flag }) => flag).filter((flag) => notifications[flag] === true)
  return { flags: new Set(flags), uris: [...new Set(uris)] }
}
