import { isIP, Socket } from 'node:net'
import type { LookupFunction, TcpNetConnectOpts } from 'node:net'

/** Addresses beyond this machine that a socket was about to connect to. */
export const escapes: string[] = []

const LOOPBACK = /^(?:127\.|::1$|::ffff:(?:127\.|7f00:))/
const connect = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => Socket

/**
 * Keeps the tests of this process on this machine even when the code under test is broken: a socket that is about to
 * connect elsewhere fails instead, and the address is noted.
 */
Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]) {
  // net.connect hands its arguments over as a list of its own making, tls.connect as they are.
  const options = (Array.isArray(args[0]) ? args[0][0] : args[0]) as TcpNetConnectOpts
  const { host = '', lookup } = options
  if (isIP(host) !== 0 && !LOOPBACK.test(host)) {
    process.nextTick(() => this.destroy(escaped(host)))
    return this
  }
  if (lookup !== undefined) options.lookup = fenced(lookup)
  return connect.apply(this, args)
})

function fenced (lookup: LookupFunction): LookupFunction {
  return (host, options, callback) => lookup(host, options, (error, answer, family) => {
    const addresses = typeof answer === 'string' ? [answer] : answer.map(({ address }) => address)
    const beyond = error === null ? addresses.find((address) => !LOOPBACK.test(address)) : undefined
    if (beyond === undefined) callback(error, answer, family)
    else callback(escaped(beyond), [])
  })
}

function escaped (address: string): Error {
  escapes.push(address)
  return Object.assign(new Error(`a test was about to connect to ${address}`), { syscall: 'connect' })
}
