import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Step } from '../journey.ts'
import type { Reply } from '../replies.ts'

/** Longer than the slowest answer that is still of use to anybody. */
const REQUEST_TIMEOUT_MS = 60_000

/** Where requests go, and how. */
export interface Target {
  /** Origin, with a path before the gateway's own if there is one. */
  readonly url: string
  /** Certificates are not checked: a self-signed one of a test. */
  readonly insecure: boolean
}

/** One virtual user's connection: kept open between requests, one request at a time, as a single client has it. */
export class HttpClient {
  readonly #base: URL
  readonly #agent: HttpAgent | HttpsAgent
  readonly #authorization: string

  constructor ({ url, insecure }: Target, key: string) {
    this.#base = new URL(url)
    this.#authorization = `Bearer ${key}`
    const options = { keepAlive: true, maxSockets: 1 }
    this.#agent = this.#base.protocol === 'https:' ? new HttpsAgent({ ...options, rejectUnauthorized: !insecure }) : new HttpAgent(options)
  }

  /** Sends one request and reads its answer to the end. Never rejects: no answer is a reply with status 0 and what happened as its body. */
  send (step: Step): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>()
    const fail = (error: Error): void => resolve({ status: 0, headers: {}, body: (error as NodeJS.ErrnoException).code ?? error.message })
    const send = this.#base.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = { ...step.headers, authorization: this.#authorization, ...(step.body === null ? {} : { 'content-length': String(Buffer.byteLength(step.body)) }) }
    const outgoing = send(this.#base.origin + this.#base.pathname.replace(/\/$/, '') + step.path, { method: step.method, agent: this.#agent, headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => { parts.push(part) })
      answer.on('error', fail)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers as Reply['headers'], body: Buffer.concat(parts).toString('utf8') }))
    })
    outgoing.on('error', fail)
    outgoing.end(step.body ?? undefined)
    return promise
  }

  close (): void {
    this.#agent.destroy()
  }
}
