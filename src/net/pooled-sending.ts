import type { RequestHead } from './request-head.ts'
import type { AnswerListener, Sending } from './types.ts'

/** Who can take a request back: first the pool, while it waits, then the connection that has it. */
export interface SendingHolder {
  withdraw (sending: PooledSending): void
}

/** One request in a pool. */
export class PooledSending implements Sending {
  readonly head: RequestHead
  readonly body: string | Buffer | undefined
  readonly listener: AnswerListener
  /** Undefined once it is over. */
  holder: SendingHolder | undefined

  constructor (holder: SendingHolder, head: RequestHead, body: string | Buffer | undefined, listener: AnswerListener) {
    this.holder = holder
    this.head = head
    this.body = body
    this.listener = listener
  }

  cancel (): void {
    const { holder } = this
    this.holder = undefined
    holder?.withdraw(this)
  }

  end (): void {
    if (this.holder === undefined) return
    this.holder = undefined
    this.listener.onEnd()
  }

  lose (error: Error): void {
    if (this.holder === undefined) return
    this.holder = undefined
    this.listener.onLost(error)
  }
}
