import type { Socket } from 'node:net'

/** A connection is given its timer when it was asked for so long ago that nothing has replaced it, in milliseconds; at most twice that. */
const ARM_MS = 1000

/**
 * Timers of connections that are set only where they may be needed. For every request Node gives a connection one that tells of
 * silence while it is served, and takes it back for the one of connections that are kept: a fiftieth of the CPU of a short call,
 * for timers that last less than a millisecond. Here both are noted, and the last one is set when it has stood for a second.
 * From then on everything is as Node does it, a second or two later.
 */
export class QuietTimers {
  #noted: QuietTimer[] = []
  readonly #interval: NodeJS.Timeout

  constructor (armMs = ARM_MS) {
    this.#interval = setInterval(() => { this.#look() }, armMs).unref()
  }

  /** To be called once with each connection of a server. */
  watch (socket: Socket): void {
    const timer = new QuietTimer(socket, (noted) => { this.#noted.push(noted) })
    socket.setTimeout = (ms, callback) => {
      if (callback !== undefined) {
        if (ms === 0) socket.off('timeout', callback)
        else socket.once('timeout', callback)
      }
      timer.note(ms)
      return socket
    }
  }

  close (): void { clearInterval(this.#interval) }

  #look (): void {
    this.#noted = this.#noted.filter((timer) => !timer.looked())
  }
}

/** The timer of one connection. */
class QuietTimer {
  readonly #socket: Socket
  readonly #setTimeout: Socket['setTimeout']
  readonly #onNoted: (timer: QuietTimer) => void
  /** 0 = none. */
  #ms = 0
  #isNoted = false
  #isNew = false
  /** Node has given it one already when it is new. */
  #isSet = true

  constructor (socket: Socket, onNoted: (timer: QuietTimer) => void) {
    this.#socket = socket
    this.#setTimeout = socket.setTimeout
    this.#onNoted = onNoted
  }

  note (ms: number): void {
    this.#ms = ms
    this.#isNew = true
    if (this.#isSet) {
      this.#isSet = false
      this.#setTimeout.call(this.#socket, 0)
    }
    if (this.#isNoted) return
    this.#isNoted = true
    this.#onNoted(this)
  }

  /** @returns true: it need not be looked at until it is noted again */
  looked (): boolean {
    if (this.#isNew && !this.#socket.destroyed) {
      this.#isNew = false
      return false
    }
    this.#isNoted = false
    if (this.#ms > 0 && !this.#socket.destroyed) {
      this.#isSet = true
      this.#setTimeout.call(this.#socket, this.#ms)
    }
    return true
  }
}
