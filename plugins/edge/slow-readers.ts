import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'
import type { OpenRequests } from './open-requests.ts'
import { QuietTimers } from './quiet-timers.ts'

/** A connection on which nothing moves for this long, although bytes wait to be taken, is cut. Long enough for a train in a tunnel. */
const STALLED_MS = 60_000
/** What clients may leave unread over all connections, in bytes: room for twenty-five of the largest answers (10 MiB). */
const MAX_UNREAD_BYTES = 268_435_456
/** How often the sum is taken, in milliseconds: a pass over ten thousand connections costs about one. */
const LOOK_MS = 1000

/**
 * Answers stay in memory until their clients have read them. A client that takes nothing is cut after a while; one that
 * takes a byte now and then is cut when all together leave too much, whoever has kept theirs longest first (T31). Calls
 * that have no answer yet may wait as long as they like.
 */
export default fp<AppOptions & { readonly open: OpenRequests }>(async (app, { open, telemetry, slowReaders }) => {
  const { stalledMs, maxUnreadBytes } = slowReaders ?? { stalledMs: STALLED_MS, maxUnreadBytes: MAX_UNREAD_BYTES }
  const cut = { stalled: telemetry.count('slow_readers_cut_total', { reason: 'stalled' }), memory: telemetry.count('slow_readers_cut_total', { reason: 'memory' }) }
  const unread = new UnreadAnswers(maxUnreadBytes)
  const timers = new QuietTimers()

  app.server.setTimeout(stalledMs, (socket: Socket) => {
    if (socket.writableLength > 0) cut.stalled.inc()
    else if (open.isServing(socket)) return
    // Also what Node would have done by itself: close connections that were kept for a next request.
    socket.destroy()
  })
  app.decorate('watchUnread', (socket: Socket) => { unread.watch(socket) })
  app.server.on('connection', app.watchUnread)
  app.server.on('connection', (socket: Socket) => { timers.watch(socket) })
  const timer = setInterval(() => {
    for (const socket of unread.tooMuch(open)) {
      cut.memory.inc()
      socket.destroy()
    }
  }, LOOK_MS).unref()
  app.addHook('onClose', (_instance, done) => {
    clearInterval(timer)
    timers.close()
    done()
  })
}, { name: 'slow-readers' })

/** Bytes that wait in all connections. */
class UnreadAnswers {
  readonly #maxBytes: number
  readonly #sockets = new Set<Socket>()
  /** Connections with something unread, those that have had it for longest first. */
  readonly #waiting = new Set<Socket>()

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  watch (socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#waiting.delete(socket)
    })
  }

  /** The connections to cut, so that the rest is within the bound; tells how much there is. */
  tooMuch (told: { unreadBytes: number }): Socket[] {
    let bytes = 0
    for (const socket of this.#sockets) {
      bytes += socket.writableLength
      if (socket.writableLength === 0) this.#waiting.delete(socket)
      else this.#waiting.add(socket)
    }
    told.unreadBytes = bytes
    const over: Socket[] = []
    for (const socket of this.#waiting) {
      if (bytes <= this.#maxBytes) break
      bytes -= socket.writableLength
      over.push(socket)
    }
    return over
  }
}
