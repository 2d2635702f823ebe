import { isJsonObject, type JsonObject } from '../protocol/index.ts'
import type { Connection } from '../upstream/index.ts'
import { capabilitiesOf } from './server-capabilities.ts'

/** First wait before a listen that the server ended is opened again; doubles up to the maximum. */
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
/** How long an acknowledgement is waited for. */
const ACKNOWLEDGE_MS = 5000

/** What one open listen hears. */
interface Open {
  readonly wanted: string
  close (): void
  /** Settles when the server has acknowledged, or will not. */
  readonly acknowledged: Promise<JsonObject | undefined>
}

/**
 * The one subscriptions/listen that a place holds towards a modern server, on behalf of all who use it: the lists that can
 * change, and the union of the resources they watch. When the union changes, the new one is open before the old one is
 * closed, so that nothing falls between them.
 */
export class UpstreamListen {
  readonly #onNotification: (method: string, params: JsonObject | undefined) => void
  readonly #onGap: () => void
  #open: Open | undefined
  #connection: Connection | undefined
  #uris: readonly string[] = []
  #retryMs = FIRST_RETRY_MS
  #retry: NodeJS.Timeout | undefined

  /** @param onGap the server ended a listen, so that what changes until the next one is open goes unheard */
  constructor (onNotification: (method: string, params: JsonObject | undefined) => void, onGap: () => void = () => undefined) {
    this.#onNotification = onNotification
    this.#onGap = onGap
  }

  /**
   * Listens on this connection for the lists it can change and these resources; nothing when it is no modern one.
   * @returns what the server honours; undefined = nothing, or it did not say
   */
  async want (connection: Connection | undefined, uris: readonly string[]): Promise<JsonObject | undefined> {
    if (connection !== this.#connection) this.close()
    this.#connection = connection
    this.#uris = uris
    if (connection?.listen === undefined || !connection.open) return undefined
    const notifications = wantedOf(connection, uris)
    const wanted = JSON.stringify(notifications)
    if (this.#open?.wanted === wanted) return await this.#open.acknowledged
    const before = this.#open
    if (Object.keys(notifications).length === 0) {
      this.#open = undefined
      before?.close()
      return undefined
    }
    const open = this.#listen(connection, notifications, wanted)
    this.#open = open
    const honoured = await open.acknowledged
    before?.close()
    // Overtaken by a newer one, which was acknowledged first and is of the newer union: what that one hears counts.
    if (honoured === undefined && this.#open !== open) return await this.#open?.acknowledged
    return honoured
  }

  #listen (connection: Connection, notifications: JsonObject, wanted: string): Open {
    const { promise, resolve } = Promise.withResolvers<JsonObject | undefined>()
    const timer = setTimeout(() => resolve(undefined), ACKNOWLEDGE_MS)
    const handle = connection.listen?.({
      notifications,
      onAcknowledged: (honoured) => {
        this.#retryMs = FIRST_RETRY_MS
        resolve(honoured)
      },
      onNotification: this.#onNotification,
      onEnd: () => {
        resolve(undefined)
        if (this.#open === open) this.#again()
      }
    })
    const open: Open = {
      wanted,
      acknowledged: promise.finally(() => clearTimeout(timer)),
      close: () => {
        handle?.close()
        // Nothing comes of it any more; whoever waits for its acknowledgement is not kept.
        resolve(undefined)
      }
    }
    return open
  }

  /** The server ended it. As long as the connection lives, somebody still wants to hear. */
  #again (): void {
    this.#open = undefined
    const connection = this.#connection
    if (connection?.open !== true) return
    this.#onGap()
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2)
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => { this.want(connection, this.#uris).then(this.#onGap, () => undefined) }, waitMs)
    this.#retry.unref()
  }

  close (): void {
    clearTimeout(this.#retry)
    const open = this.#open
    this.#open = undefined
    this.#connection = undefined
    open?.close()
  }
}

const LISTS = ['tools', 'prompts', 'resources'] as const

/** Only what the server offers: an unknown wish may be refused as a whole. */
function wantedOf (connection: Connection, uris: readonly string[]): JsonObject {
  const offered = capabilitiesOf(connection)
  const wanted: JsonObject = {}
  for (const list of LISTS) {
    const capability = offered[list]
    if (isJsonObject(capability) && capability['listChanged'] === true) wanted[`${list}ListChanged`] = true
  }
  const { resources } = offered
  if (uris.length > 0 && isJsonObject(resources) && resources['subscribe'] === true) wanted['resourceSubscriptions'] = [...uris]
  return wanted
}
