import { capabilitiesFor, Relay } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import type { Session } from '../session/index.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings.ts'
import { aggregateFace } from './aggregate-face.ts'
import type { ConnectionPeer, ConnectionRequest, Connections, Place } from '../upstream/index.ts'

/** Which worker each session uses: made on first use, let go when the session ends. */
export interface Links {
  /** The session's relay to a server; the same one for as long as the session lives. */
  of (session: Session, server: ServerSettings): Relay
  /** A relay for one call of a caller without a session. `release` must be called when the call is done. */
  borrow (principal: Principal, server: ServerSettings): BorrowedRelay
  /** The same for one call of a session, where `isolation: call` gives each its own worker. */
  borrowFor (session: Session, server: ServerSettings): BorrowedRelay
  /** Relays that the session has used so far. */
  all (session: Session): Iterable<Relay>
  /** An open GET stream keeps the session's workers from being reaped as idle. */
  streamOpened (session: Session): void
  streamClosed (session: Session): void
  /** The listener of a new place; handed to createConnections. */
  peerFor (place: Place, request: ConnectionRequest): ConnectionPeer
}

/** A relay held for one call. */
export interface BorrowedRelay { readonly relay: Relay, release (): void }

interface SessionLinks { readonly relays: Map<ServerName, Relay>, streams: number }

/** @param connections a getter, because connections are made with `peerFor` of what is made here */
export function createLinks (connections: () => Connections): Links {
  const bySession = new WeakMap<Session, SessionLinks>()
  const relays = new WeakMap<Place, Relay>()

  function linksOf (session: Session): SessionLinks {
    const known = bySession.get(session)
    if (known !== undefined) return known
    const links: SessionLinks = { relays: new Map(), streams: 0 }
    bySession.set(session, links)
    session.onClose(() => closeAll(session, links))
    return links
  }

  function closeAll (session: Session, links: SessionLinks): void {
    for (const relay of links.relays.values()) {
      relay.detach(session)
      for (let open = links.streams; open > 0; open--) relay.place.streamClosed()
      relay.place.release()
    }
    links.relays.clear()
    links.streams = 0
  }

  function relayAt (request: ConnectionRequest): Relay {
    const place = connections().place(request)
    const relay = relays.get(place)
    if (relay === undefined) throw new TypeError('a place without a relay')
    return relay
  }

  return {
    of (session, server) {
      const links = linksOf(session)
      const known = links.relays.get(server.name)
      if (known !== undefined) return known
      const relay = relayAt(requestFor(session.principal, server, session.hello.capabilities, session.id))
      relay.attach(session)
      for (let open = links.streams; open > 0; open--) relay.place.streamOpened()
      links.relays.set(server.name, relay)
      return relay
    },
    borrow (principal, server) {
      const relay = relayAt(requestFor(principal, server, {}, undefined))
      return { relay, release: () => relay.place.release() }
    },
    borrowFor (session, server) {
      const relay = relayAt(requestFor(session.principal, server, session.hello.capabilities, session.id))
      relay.attach(session)
      return {
        relay,
        release () {
          relay.detach(session)
          relay.place.release()
        }
      }
    },
    all: (session) => bySession.get(session)?.relays.values() ?? [],
    streamOpened (session) {
      const links = linksOf(session)
      links.streams++
      for (const relay of links.relays.values()) relay.place.streamOpened()
    },
    streamClosed (session) {
      const links = linksOf(session)
      if (links.streams === 0) return
      links.streams--
      for (const relay of links.relays.values()) relay.place.streamClosed()
    },
    peerFor (place, request) {
      const relay = new Relay(place, request.server, aggregateFace(request.server.name))
      relays.set(place, relay)
      return relay
    }
  }
}

function requestFor (principal: Principal, server: ServerSettings, capabilities: JsonObject, sessionKey: string | undefined): ConnectionRequest {
  return { server, tenant: principal.tenant, user: principal.user, capabilities: capabilitiesFor(server, capabilities), sessionKey }
}
