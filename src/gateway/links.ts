import { capabilitiesFor, Relay, type FaceRewrite, type ListeningClient } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import type { Session } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Era } from '../shared/era.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { ConnectionPeer, ConnectionRequest, Connections, Place } from '../upstream/index.ts'

/** Which worker each session uses: made on first use, let go when the session ends. */
export interface Links {
  /**
   * The session's relay to a server; the same one for as long as the session lives.
   * @throws GatewayError GW_SESSION_NOT_FOUND when it has ended: what it took now, nobody would give back
   */
  of (session: Session, server: ServerSettings): Relay
  /**
   * A relay for one request of a caller without a session. `release` must be called when it is done.
   * @param modern what a modern request declares, as `bridgedCapabilities` made it; absent for plain callers
   */
  borrow (principal: Principal, server: ServerSettings, modern?: JsonObject): BorrowedRelay
  /** A relay for as long as a modern client listens: it is told what the server announces, and the worker is kept. */
  hold (listener: ListeningClient, server: ServerSettings, capabilities: JsonObject): BorrowedRelay
  /** The same for one call of a session, where `isolation: call` gives each its own worker. */
  borrowFor (session: Session, server: ServerSettings): BorrowedRelay
  /** Lets go of everything the session uses, because it may come back with other capabilities. */
  drop (session: Session): void
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

/**
 * @param connections a getter, because connections are made with `peerFor` of what is made here
 * @param faceOf how a server's own words are shown to sessions
 * @param changed a worker said that a list or a resource of its has changed, by the method of the notification
 */
export function createLinks (connections: () => Connections, faceOf: (server: ServerName) => FaceRewrite, changed: (place: Place, request: ConnectionRequest, method: string) => void): Links {
  const bySession = new WeakMap<Session, SessionLinks>()
  const relays = new WeakMap<Place, Relay>()

  function linksOf (session: Session): SessionLinks {
    const known = bySession.get(session)
    if (known !== undefined) return known
    const links: SessionLinks = { relays: new Map(), streams: 0 }
    bySession.set(session, links)
    session.onClose(() => letGo(session, links))
    return links
  }

  function letGo (session: Session, links: SessionLinks): void {
    for (const relay of links.relays.values()) {
      relay.detach(session)
      for (let open = links.streams; open > 0; open--) relay.place.streamClosed()
      relay.place.release()
    }
    links.relays.clear()
  }

  function relayAt (request: ConnectionRequest): Relay {
    const place = connections().place(request)
    const relay = relays.get(place)
    if (relay === undefined) throw new TypeError('a place without a relay')
    return relay
  }

  function borrowed (relay: Relay, letGo: () => void): BorrowedRelay {
    let held = true
    return {
      relay,
      release () {
        if (!held) return
        held = false
        letGo()
        relay.place.release()
      }
    }
  }

  return {
    of (session, server) {
      if (session.closed) throw new GatewayError('GW_SESSION_NOT_FOUND')
      const links = linksOf(session)
      const known = links.relays.get(server.name)
      if (known !== undefined) return known
      const relay = relayAt(requestFor(session.principal, server, session.hello.capabilities, session.id, 'legacy'))
      relay.attach(session)
      for (let open = links.streams; open > 0; open--) relay.place.streamOpened()
      links.relays.set(server.name, relay)
      return relay
    },
    borrow (principal, server, modern) {
      const relay = relayAt(requestFor(principal, server, modern ?? {}, undefined, modern === undefined ? 'legacy' : 'modern'))
      relay.usedBy(principal.userKey)
      return borrowed(relay, () => undefined)
    },
    hold (listener, server, capabilities) {
      const relay = relayAt(requestFor(listener.principal, server, capabilities, undefined, 'modern'))
      relay.attach(listener)
      relay.place.streamOpened()
      return borrowed(relay, () => {
        relay.detach(listener)
        relay.place.streamClosed()
      })
    },
    borrowFor (session, server) {
      const relay = relayAt(requestFor(session.principal, server, session.hello.capabilities, session.id, 'legacy'))
      relay.attach(session)
      return borrowed(relay, () => relay.detach(session))
    },
    drop (session) {
      const links = bySession.get(session)
      if (links === undefined) return
      letGo(session, links)
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
      const relay = new Relay(place, request.server, faceOf(request.server.name), (method) => changed(place, request, method))
      relays.set(place, relay)
      return relay
    }
  }
}

function requestFor (principal: Principal, server: ServerSettings, capabilities: JsonObject, sessionKey: string | undefined, era: Era): ConnectionRequest {
  return { server, era, tenant: principal.tenant, user: principal.user, capabilities: capabilitiesFor(server, capabilities), sessionKey }
}
