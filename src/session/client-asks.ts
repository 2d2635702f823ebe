import { isJsonObject, notificationText, requestText, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'

/** How a question to the client travels. */
export interface AskOptions {
  /** Withdraws the question. */
  readonly signal: AbortSignal
  /** How long the client may take. */
  readonly timeoutMs: number
  /** Set when the server wants to hear about the client's progress. */
  readonly onProgress?: ((params: JsonObject) => void) | undefined
}

interface Ask {
  settle (reply: Reply | undefined): void
  readonly onProgress: ((params: JsonObject) => void) | undefined
}

/** Questions of one session that wait for an answer, at most: a server that asks without end must not fill the memory (T39). */
const MAX_ASKS = 100

/**
 * What one client was asked and has not answered yet. Ids are the session's own, so an answer can only ever reach a
 * question that this very client was given (T20).
 */
export class ClientAsks {
  readonly #open = new Map<JsonRpcId, Ask>()
  #nextId = 1

  get size (): number { return this.#open.size }

  /** Sends a request by `send` and waits; undefined = no answer came (withdrawn, too late, session ended, too many). Never rejects. */
  ask (method: string, params: JsonObject | undefined, options: AskOptions, send: (text: string) => void): Promise<Reply | undefined> {
    const { signal, timeoutMs, onProgress } = options
    if (signal.aborted || this.#open.size >= MAX_ASKS) return Promise.resolve(undefined)
    const id = this.#nextId++
    return new Promise((resolve) => {
      const settle = (reply: Reply | undefined): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', withdraw)
        if (this.#open.delete(id)) resolve(reply)
      }
      const withdraw = (): void => {
        settle(undefined)
        send(notificationText('notifications/cancelled', { requestId: id, reason: 'no longer needed' }))
      }
      const timer = setTimeout(withdraw, timeoutMs)
      timer.unref()
      signal.addEventListener('abort', withdraw, { once: true })
      this.#open.set(id, { settle, onProgress })
      try {
        send(requestText(id, method, onProgress === undefined ? params : withProgressToken(params, id)))
      } catch {
        // A question that JSON cannot express again (nested beyond the stack) reaches nobody.
        settle(undefined)
      }
    })
  }

  /** The client's answer. An id that nothing waits for is ignored. */
  answer (id: JsonRpcId, reply: Reply): void {
    this.#open.get(id)?.settle(reply)
  }

  /** The client's progress on a question; the token is the id it was given. */
  progress (params: JsonObject | undefined): void {
    const token = params?.['progressToken']
    if (params !== undefined && typeof token === 'number') this.#open.get(token)?.onProgress?.(params)
  }

  /** The client is gone: nothing will be answered. */
  end (): void {
    for (const ask of [...this.#open.values()]) ask.settle(undefined)
  }
}

function withProgressToken (params: JsonObject | undefined, token: number): JsonObject {
  const meta = params?.['_meta']
  return { ...params, _meta: { ...(isJsonObject(meta) ? meta : undefined), progressToken: token } }
}
