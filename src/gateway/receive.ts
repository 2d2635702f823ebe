import { toJsonRpcError, type Inbound } from '../protocol/index.ts'
import type { Exchange, Resumption, Session, StreamWriter } from '../session/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { Caller, GatewayContext, Turn } from './context.ts'
import { receiveRequest } from './requests.ts'
import { forwardRootsChanged } from './subscriptions.ts'

/** One classified message of a session: answered through the exchange, exactly once, where it is owed an answer. Never throws. */
export function receive (context: GatewayContext, session: Session, caller: Caller, message: Inbound, exchange: Exchange): void {
  try {
    switch (message.kind) {
      case 'request': return request(context, session, caller, message, exchange)
      case 'notification': return notification(context, session, message)
      case 'response': return session.answer(message.id, message.reply)
      case 'invalid': return exchange.refuse(new GatewayError(message.code, { reason: message.reason }), message.id)
    }
  } catch (thrown) {
    // Nothing below throws once it has answered.
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    if (message.kind === 'request') exchange.finish(message.id, { error: toJsonRpcError(toGatewayError(thrown)) })
  }
}

function request (context: GatewayContext, session: Session, { principal, requestId, idempotencyKey, trail }: Caller, { id, method, params }: Extract<Inbound, { kind: 'request' }>, exchange: Exchange): void {
  const turn: Turn = { principal, requestId, ...(idempotencyKey === undefined ? undefined : { idempotencyKey }), ...(trail === undefined ? undefined : { trail }), session, exchange, id }
  receiveRequest(context, turn, method, params)
}

function notification (context: GatewayContext, session: Session, message: Extract<Inbound, { kind: 'notification' }>): void {
  switch (message.method) {
    case 'notifications/initialized': session.initialized = true; return
    case 'notifications/cancelled': return session.cancelCall(message.params?.['requestId'])
    case 'notifications/progress': return session.askProgress(message.params)
    case 'notifications/roots/list_changed':
      // It reaches every server of the session, so it costs what a request costs; what is too much is not passed on.
      rootsChanged(context, session)
  }
}

function rootsChanged (context: GatewayContext, session: Session): void {
  const decision = context.limiter.request(session.principal)
  if (!(decision instanceof Promise)) {
    if (decision.admitted) forwardRootsChanged(context, session)
    return
  }
  decision.then((late) => {
    if (late.admitted && !session.closed) forwardRootsChanged(context, session)
  }).catch(context.events.thrown)
}

/** Connects a GET stream: a new one, or the one to go on with. Returns what has to be called once its connection is gone. */
export function attach (context: GatewayContext, session: Session, writer: StreamWriter, resume: Exclude<Resumption, 'over'> | undefined): () => void {
  if (resume !== undefined && !session.isStandalone(resume.stream)) {
    const { stream, after } = resume
    stream.attach(writer, after)
    return () => stream.detach(writer)
  }
  const replacedOne = session.attachReader(writer, resume?.after)
  if (!replacedOne) context.links.streamOpened(session)
  return () => { if (session.detachReader(writer)) context.links.streamClosed(session) }
}
