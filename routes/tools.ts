import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { setErrorHeaders } from '../plugins/edge/error-headers.ts'
import type { AppOptions } from '../plugins/app-options.ts'
import type { Gateway, PlainCall, PlainOutcome } from '../src/gateway/index.ts'
import { isJsonObject, MAX_BATCH, parseJson, toJsonRpcError } from '../src/protocol/index.ts'
import { GatewayError } from '../src/shared/errors.ts'
import { bodyOf } from './answer/body-of.ts'
import { callerOf, routeOf } from './answer/target.ts'
import { whenClosed } from './answer/when-closed.ts'
import { batchDocs, callDocs } from './operations/tools.ts'

const BASES = ['/mcp', '/servers/:name']

/** Plain JSON calls for backends without an MCP client (R7): one call, or a batch that runs in parallel. */
export default async function toolRoutes (app: FastifyInstance, { gateway }: AppOptions): Promise<void> {
  for (const base of BASES) {
    app.post(`${base}/tools`, { config: { docs: callDocs(base) } }, (request, reply) => callOne(gateway, request, reply))
    app.post(`${base}/tools/batch`, { config: { docs: batchDocs(base) } }, (request, reply) => callMany(gateway, request, reply))
  }
}

async function callOne (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const route = routeOf(request, gateway)
  const call = plainCall(jsonOf(request), '')
  const outcome = await gateway.callTool(callerOf(request), route, call, goneSignal(reply))
  if (outcome.ok || outcome.refused === undefined) return sendJson(reply, outcomeText(outcome))
  setErrorHeaders(reply, outcome.refused)
  return sendJson(reply.code(outcome.refused.row.status), outcomeText(outcome))
}

/** One entry per call, in order; a refused or failed one does not sink the others. */
async function callMany (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const route = routeOf(request, gateway)
  const body = jsonOf(request)
  if (!Array.isArray(body) || body.length === 0 || body.length > MAX_BATCH) {
    throw new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage: `The body must be an array of 1 to ${MAX_BATCH} objects {"tool_name": string, "arguments"?: object}.` })
  }
  const caller = callerOf(request)
  const gone = goneSignal(reply)
  const calls = body.map((entry, index) => plainCall(entry, `[${index}]`))
  const outcomes = await Promise.all(calls.map((call) => gateway.callTool(caller, route, call, gone)))
  return sendJson(reply, `[${outcomes.map(outcomeText).join(',')}]`)
}

function jsonOf (request: FastifyRequest): unknown {
  const parsed = parseJson(bodyOf(request))
  if (!parsed.ok) throw new GatewayError(parsed.error.code, { reason: parsed.error.reason })
  return parsed.value
}

function plainCall (value: unknown, at: string): PlainCall {
  const where = at === '' ? 'The body' : `Entry ${at}`
  if (!isJsonObject(value)) throw bad(`${where} must be an object {"tool_name": string, "arguments"?: object}.`)
  const { tool_name: toolName, arguments: args, ...rest } = value
  if (typeof toolName !== 'string' || toolName === '') throw bad(`${where} needs a string "tool_name".`)
  if (args !== undefined && !isJsonObject(args)) throw bad(`${where}: "arguments" must be an object.`)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw bad(`${where}: only "tool_name" and "arguments" are known here.`)
  return { toolName, arguments: args }
}

function bad (publicMessage: string): GatewayError {
  return new GatewayError('GW_HTTP_BAD_REQUEST', { publicMessage })
}

/** What JSON cannot express again, because the server nested it beyond the stack, is that call's error and nobody else's (T39). */
function outcomeText (outcome: PlainOutcome): string {
  try {
    return JSON.stringify(outcome.ok ? { ok: true, result: outcome.result } : { ok: false, error: outcome.error })
  } catch {
    return JSON.stringify({ ok: false, error: toJsonRpcError(new GatewayError('GW_UPSTREAM_PROTOCOL')) })
  }
}

function sendJson (reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(text)
}

/** Aborts when the caller has gone: a plain call that nobody can read is cancelled (rulings 4). */
function goneSignal (reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  whenClosed(reply, () => { if (!reply.raw.writableFinished) controller.abort() })
  return controller.signal
}
