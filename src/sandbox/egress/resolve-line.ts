import type { EgressAddress, EgressOptions } from './types.ts'

/** The system's resolver works on the few threads that files are read on, too: workers may hold no more of them. */
const MAX_ASKING = 2
/** A name that takes longer has failed for the worker that waits. Milliseconds. */
const ANSWER_MS = 5_000

/** Name resolution for all workers. */
export interface ResolveLine {
  /** @param who asks; one question of each at a time. Rejects if there is no answer in time */
  resolve (who: object, host: string): Promise<readonly EgressAddress[]>
}

interface Wish {
  readonly who: object
  readonly host: string
  readonly settle: (answer: readonly EgressAddress[]) => void
  readonly fail: (error: unknown) => void
}

/** Few questions at a time and one of each worker, so that one worker's slow names do not keep the others waiting (T40). */
export function createResolveLine (resolve: EgressOptions['resolve'], answerMs = ANSWER_MS): ResolveLine {
  const line: Wish[] = []
  const asking: object[] = []

  const next = (): void => {
    if (asking.length >= MAX_ASKING) return
    const at = line.findIndex(({ who }) => !asking.includes(who))
    const [wish] = at === -1 ? [] : line.splice(at, 1)
    if (wish === undefined) return
    asking.push(wish.who)
    void ask(wish).finally(() => {
      asking.splice(asking.indexOf(wish.who), 1)
      next()
    })
    next()
  }
  const ask = async (wish: Wish): Promise<void> => {
    await resolve(wish.host).then(wish.settle, wish.fail)
  }
  return {
    resolve: async (who, host) => await new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        const at = line.indexOf(wish)
        if (at !== -1) line.splice(at, 1)
        reject(new Error(`no answer within ${answerMs} ms`))
      }, answerMs)
      const wish: Wish = {
        who,
        host,
        settle: (answer) => {
          clearTimeout(late)
          resolve(answer)
        },
        fail: (error) => {
          clearTimeout(late)
          reject(error)
        }
      }
      line.push(wish)
      next()
    })
  }
}
