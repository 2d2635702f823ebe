import type { AnswerHead, AnswerListener, Outbound, RequestHead, Sending } from '../../net/index.ts'
import { CredentialError } from './credential-error.ts'
import type { TokenSource } from './token-source.ts'

/**
 * Connections on which every request carries the entry's token. A 401 says that the server did nothing, so the request is sent once
 * more with the next token, and its sender hears nothing of that (FR13). Without a token `onLost` gets a {@link CredentialError}.
 */
export function withCredentials (outbound: Outbound, tokens: TokenSource): Outbound {
  return {
    origin: outbound.origin,
    path: outbound.path,
    head: (method, headers, path) => outbound.head(method, headers, path),
    send (head, body, listener) {
      const sending = new AuthorizedSending(outbound, tokens, head, body, listener)
      sending.begin()
      return sending
    },
    destroy: () => { outbound.destroy() }
  }
}

class AuthorizedSending implements Sending, AnswerListener {
  readonly #outbound: Outbound
  readonly #tokens: TokenSource
  readonly #head: RequestHead
  readonly #body: string | Buffer | undefined
  readonly #listener: AnswerListener
  #inner: Sending | undefined
  #token = ''
  #isSecond = false
  /** A 401 came that may be put right: the sender hears nothing of this answer. */
  #isHeldBack = false
  #isOver = false

  constructor (outbound: Outbound, tokens: TokenSource, head: RequestHead, body: string | Buffer | undefined, listener: AnswerListener) {
    this.#outbound = outbound
    this.#tokens = tokens
    this.#head = head
    this.#body = body
    this.#listener = listener
  }

  begin (): void {
    const token = this.#tokens.token()
    if (typeof token === 'string') this.#send(token)
    else token.then((late) => { this.#send(late) }, (thrown: unknown) => { this.onLost(thrown instanceof Error ? thrown : new CredentialError('GW_UPSTREAM_UNAVAILABLE', 'no token')) })
  }

  cancel (): void {
    this.#isOver = true
    this.#inner?.cancel()
  }

  #send (token: string): void {
    if (this.#isOver) return
    this.#token = token
    this.#isHeldBack = false
    const inner = this.#outbound.send(this.#head.with(['authorization', `Bearer ${token}`]), this.#body, this)
    this.#inner = inner
    if (this.#isOver) inner.cancel()
  }

  onSent (): void {
    if (!this.#isOver) this.#listener.onSent()
  }

  onHead (head: AnswerHead): void {
    if (this.#isOver) return
    if (head.status === 401 && !this.#isSecond) {
      this.#isHeldBack = true
      return this.#again(head)
    }
    if (head.status !== 401) this.#tokens.accepted()
    this.#listener.onHead(head)
  }

  /** The connection is closed with what is left of the answer: it is worth less than the time to read it. */
  #again (refused: AnswerHead): void {
    this.#isSecond = true
    this.#inner?.cancel()
    this.#tokens.renewed(this.#token).then((token) => {
      if (this.#isOver) return
      if (token !== undefined) return this.#send(token)
      this.#isHeldBack = false
      this.#listener.onHead(refused)
      if (!this.#isOver) this.onEnd()
    }, (thrown: unknown) => { this.onLost(thrown as Error) })
  }

  onData (piece: Buffer): void {
    if (!this.#isOver && !this.#isHeldBack) this.#listener.onData(piece)
  }

  onEnd (): void {
    if (this.#isOver || this.#isHeldBack) return
    this.#isOver = true
    this.#listener.onEnd()
  }

  onLost (error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.onLost(error)
  }
}
