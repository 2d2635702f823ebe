import type { IncomingMessage } from 'node:http'
import type { ReceivedHop } from '../../src/replicas/index.ts'

const received = new WeakMap<IncomingMessage, ReceivedHop>()

/** What came with this request, if another replica handed it over: verified, and the only thing here that is believed of identity. */
export function hopOf (request: IncomingMessage): ReceivedHop | undefined {
  return received.get(request)
}

/** To be called by the listener for other replicas, once it has verified what came. */
export function noteHop (request: IncomingMessage, hop: ReceivedHop): void {
  received.set(request, hop)
}
