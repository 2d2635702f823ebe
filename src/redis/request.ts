import { Command } from 'ioredis'
import type { Delayed } from '../shared/delay-line.ts'
import type { Script } from './types.ts'

/** How a command ended: answered; not within its time; its connection was lost; a server that only reads; refused by the server. */
export type RequestOutcome = 'ok' | 'timeout' | 'connection' | 'readonly' | 'reply'

/** Where requests report to. */
export interface RequestDesk {
  answered (request: Request): void
  /** @returns what the caller's promise rejects with */
  failed (request: Request, outcome: Exclude<RequestOutcome, 'ok'>, reason: string): Error
  /** The server has lost the script: it is sent whole, and what comes back settles this request. */
  sendWhole (request: Request, script: Script): void
}

const TIMED_OUT = new Error('no answer in time')

/**
 * One command on its way. It is ioredis' own command with our deadline: one timer for all of them instead of one each, and
 * checked after what has arrived was read, so that a busy event loop is not taken for a dead server.
 */
export class Request extends Command implements Delayed {
  dueMs = 0
  ahead: Delayed | undefined = undefined
  behind: Delayed | undefined = undefined
  readonly #script: Script | undefined
  #isWhole = false

  constructor (desk: RequestDesk, name: string, args: string[], script?: Script) {
    super(name, args, { replyEncoding: 'utf8' })
    this.#script = script
    const { resolve, reject } = this
    this.resolve = (reply) => {
      // What comes after the deadline says nothing about a server's being in time.
      if (!this.isSettled) desk.answered(this)
      resolve(reply)
    }
    this.reject = (error) => {
      if (this.isSettled) return
      if (this.#script !== undefined && !this.#isWhole && error.message.startsWith('NOSCRIPT')) {
        this.#isWhole = true
        desk.sendWhole(this, this.#script)
      } else {
        const outcome = outcomeOf(error)
        reject(desk.failed(this, outcome, outcome === 'connection' ? 'the connection was lost' : error.message))
      }
    }
  }

  /** ioredis would set a timer for each; the deadline is {@link overdue}. */
  override setTimeout (): void {}

  overdue (): void {
    // Timers come before what has arrived meanwhile is read, this after it.
    setImmediate(() => { this.reject(TIMED_OUT) })
  }
}

function outcomeOf (error: Error): Exclude<RequestOutcome, 'ok'> {
  if (error === TIMED_OUT) return 'timeout'
  if (error.name !== 'ReplyError') return 'connection'
  return /^(READONLY|MASTERDOWN)/.test(error.message) ? 'readonly' : 'reply'
}
