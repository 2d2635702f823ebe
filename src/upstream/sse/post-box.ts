import type { ErrorCode } from '../../shared/errors.ts'
import { OutboundError, type Outbound, type RequestHead } from '../../net/index.ts'
import { CredentialError } from '../credentials/credential-error.ts'
import type { ServerHealth } from '../health/server-health.ts'
import { isOutageError, isOutageStatus, mayPass } from '../http/outage.ts'
import { tell, type Told } from '../http/tell.ts'

/** Messages on their way at once, and their characters; more are refused at once (FR09). */
const MAX_WAITING = 1000
const MAX_WAITING_LENGTH = 32 * 2 ** 20
/** A POST is answered when the message was taken, not when it was done. One that is not answered in this time is let go: its call has a deadline of its own. */
const ACCEPT_MS = 60_000

/** What sending to a 2024-11-05 server needs: where to, and who hears what did not arrive. */
export interface PostBoxOptions {
  readonly outbound: Outbound
  /** Of every message. */
  readonly head: RequestHead
  /** Of the entry, over all its connections. */
  readonly health?: ServerHealth | undefined
  onUndelivered (callId: number, code: ErrorCode): void
  /** The server does not know the session of this path any more. */
  onGone (): void
}

/** The way to an HTTP+SSE server: one POST per message, each on its own (MCP 2024-11-05 transports). */
export class PostBox {
  readonly #options: PostBoxOptions
  #waiting = 0
  #waitingLength = 0
  #isEnded = false
  #whenEmpty: Array<() => void> = []

  constructor (options: PostBoxOptions) {
    this.#options = options
  }

  send (text: string, callId: number | undefined): 'sent' | 'full' | 'closed' {
    if (this.#isEnded) return 'closed'
    if (this.#waiting >= MAX_WAITING || this.#waitingLength + text.length > MAX_WAITING_LENGTH) return 'full'
    this.#waiting++
    this.#waitingLength += text.length
    // Never rejects.
    this.#post(text, callId).finally(() => {
      this.#waiting--
      this.#waitingLength -= text.length
      if (this.#waiting === 0) this.#empty()
    }).catch(() => {})
    return 'sent'
  }

  /** Resolves when nothing is on its way. */
  async drained (): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => { this.#whenEmpty.push(resolve) })
  }

  /** Nothing is sent any more, and nobody is told of what still was on its way. */
  end (): void {
    this.#isEnded = true
    this.#empty()
  }

  #empty (): void {
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  /** What did not leave is sent once more (FR11). */
  async #tell (text: string): Promise<Told> {
    const { outbound, head, health } = this.#options
    const first = await tell(outbound, head, text, ACCEPT_MS)
    const isUnsent = first.error instanceof OutboundError && mayPass(first.error) && health?.mayResend() !== false
    const told = isUnsent && !this.#isEnded ? await tell(outbound, head, text, ACCEPT_MS) : first
    if (isOutageStatus(told.status) || (told.error !== undefined && isOutageError(told.error))) health?.failed()
    return told
  }

  async #post (text: string, callId: number | undefined): Promise<void> {
    const { onUndelivered, onGone } = this.#options
    const told = await this.#tell(text)
    if (this.#isEnded) return
    const code = told.status === 0 ? codeOfSilence(told) : codeOf(told.status)
    if (callId !== undefined && code !== undefined) onUndelivered(callId, code)
    if (told.status === 404 || told.status === 410) onGone()
  }
}

/** What the caller is told whose message was refused with a status; undefined: it was taken. */
function codeOf (status: number): ErrorCode | undefined {
  if (status < 300) return undefined
  if (status === 401 || status === 403) return 'GW_UPSTREAM_AUTH'
  // The server says that it did nothing.
  if (status === 404 || status === 410 || status === 429 || status === 503) return 'GW_UPSTREAM_UNAVAILABLE'
  return status >= 500 ? 'GW_UPSTREAM_LOST' : 'GW_UPSTREAM_PROTOCOL'
}

function codeOfSilence ({ error }: Told): ErrorCode | undefined {
  if (error instanceof CredentialError) return error.code
  if (error instanceof OutboundError) return 'GW_UPSTREAM_UNAVAILABLE'
  return error === undefined ? undefined : 'GW_UPSTREAM_LOST'
}
