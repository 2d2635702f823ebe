/** What is kept for one user, key or tenant. */
export interface Account {
  /** Set when it was forgotten: whoever still holds it must ask for the account again. */
  forgotten: boolean
}

/** Accounts by key, each opened at first use and forgotten when idle. */
export interface Accounts<A extends Account, From = void> {
  /** @param from what it is opened from, if it is not known */
  get (key: string, from: From): A
  /** Looks at a few accounts and forgets the idle ones. Call it once per decision. */
  forgetSome (nowMs: number): void
  readonly size: number
  /** All that are kept, by key. */
  entries (): Iterable<readonly [string, A]>
}

/** Two per decision: the walk is faster than any growth, and no single call pays for a full sweep. */
const LOOKS = 2

/**
 * Makes an empty set of accounts. There is no timer: a walk moves on with every decision, so what is kept is bounded
 * by the keys of the last minute or so of traffic (T59), and with no traffic nothing grows.
 * @param isIdle may the account be forgotten without anybody being able to tell?
 */
export function createAccounts<A extends Account, From = void> (open: (key: string, from: From) => A, isIdle: (account: A, nowMs: number) => boolean): Accounts<A, From> {
  const accounts = new Map<string, A>()
  let walk = accounts.entries()
  return {
    get (key, from) {
      let account = accounts.get(key)
      if (account === undefined) {
        account = open(key, from)
        accounts.set(key, account)
      }
      return account
    },
    forgetSome (nowMs) {
      for (let i = 0; i < LOOKS; i++) {
        const step = walk.next()
        if (step.done === true) {
          walk = accounts.entries()
          return
        }
        const [key, account] = step.value
        if (!isIdle(account, nowMs)) continue
        account.forgotten = true
        accounts.delete(key)
      }
    },
    get size () {
      return accounts.size
    },
    entries: () => accounts.entries()
  }
}
