import { Client } from 'undici'
import type { buildConnector } from 'undici'

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>

/**
 * One member of a pool: a client of one connection that closes the connection once it is old and no request uses it;
 * the next request makes a new one, and resolves the name for it (FR45). Undici's own `clientTtl` takes old clients out
 * of its count while their streams run on, so the number of connections would have no bound.
 */
export function createAgeingClient (origin: URL, options: Client.Options & { connect: buildConnector.connector }, maxAgeMs: number): Client {
  let socket: Socket | null = null
  let isOld = false
  let timer: NodeJS.Timeout | undefined
  const client = new Client(origin, {
    ...options,
    connect: (asked, callback) => options.connect(asked, (...answer) => {
      socket = answer[1]
      callback(...answer)
    })
  })
  const closeIfIdle = () => {
    if (isOld && client.stats.size === 0) socket?.destroy()
  }
  client.on('connect', () => {
    isOld = false
    timer = setTimeout(() => {
      isOld = true
      closeIfIdle()
    }, maxAgeMs).unref()
  })
  client.on('disconnect', () => clearTimeout(timer))
  // Comes before the pool hands the client its next request, because the pool listens later.
  client.on('drain', closeIfIdle)
  return client
}
