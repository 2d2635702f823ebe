import type { ServerSettings } from '../shared/settings/server.ts'
import { clientInfo } from './client-info.ts'
import { shakeHands, type HandshakeOutcome, type HandshakePlan } from './handshake.ts'
import type { StartOptions, StartTold } from './opening.ts'
import type { ConnectionRequest } from './types.ts'
import { WireConnection } from './wire-connection.ts'
import type { Wire } from './wire.ts'

/** The part of a handshake's plan that depends on the server and its verdicts. */
export type WirePlan = Pick<HandshakePlan, 'first' | 'mayTryOther' | 'probeMs' | 'answerMs'> & { readonly graceMs: number }

/** A greeted server, or one that its greeting ended. */
export interface Greeted { readonly connection: WireConnection, readonly outcome: HandshakeOutcome }

/**
 * Makes a connection of a wire and greets the server. The signal ends the wire at any point, and its reason is what is thrown
 * then; after any other error the caller ends it.
 */
export async function openWire (options: Pick<StartOptions, 'version' | 'nowMs' | 'onFault' | 'onThrown'>, request: ConnectionRequest, wire: Wire, plan: WirePlan, told: StartTold, signal: AbortSignal): Promise<Greeted> {
  const { server } = request
  const connection = connectionOf(options, server, wire, plan.graceMs)
  const giveUp = (): void => { connection.close().catch(options.onThrown) }
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const outcome = await shakeHands(connection, { ...plan, peer: told.peer(connection), capabilities: request.capabilities, clientInfo: clientInfo(options.version) })
    if (signal.aborted) throw signal.reason
    return { connection, outcome }
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function connectionOf (options: Parameters<typeof openWire>[0], server: ServerSettings, wire: Wire, graceMs: number): WireConnection {
  return new WireConnection({
    server: server.name,
    wire,
    clientInfo: clientInfo(options.version),
    serialise: server.interactive,
    graceMs,
    nowMs: options.nowMs,
    timeoutMs: server.timeoutMs,
    onFault: (kind) => options.onFault(server.name, kind),
    onThrown: options.onThrown
  })
}
