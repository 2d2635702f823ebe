import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { listening, type Local } from './servers.ts'

/** One connection to a {@link rawServer}. */
export interface RawPeer {
  readonly socket: Socket
  /** All that came on it, as Latin-1. */
  text: string
  isClosed: boolean
}

export interface RawServer extends Local<Server> {
  readonly peers: readonly RawPeer[]
}

/**
 * A server that writes what it is told to, HTTP or not.
 * @param onRequest called for each head that came, with how many came on that connection before
 */
export async function rawServer (test: TestContext, onRequest: (peer: RawPeer, before: number) => void): Promise<RawServer> {
  const peers: RawPeer[] = []
  const server = createServer((socket) => {
    const peer: RawPeer = { socket, text: '', isClosed: false }
    peers.push(peer)
    let seen = 0
    socket.on('close', () => { peer.isClosed = true })
    socket.on('data', (piece) => {
      peer.text += piece.toString('latin1')
      const heads = peer.text.split('\r\n\r\n').length - 1
      while (seen < heads) onRequest(peer, seen++)
    })
  })
  return { ...await listening(test, server, '127.0.0.1'), peers }
}
