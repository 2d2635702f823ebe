import type { ServerName } from '../shared/ids.ts'
import { aggregateName, looksHashed, ownerOf, SEPARATOR, serverOfName } from './aggregate-name.ts'

/** A server and the name of one of its tools or prompts, as that server knows it. */
export interface ServerAndName {
  readonly server: ServerName
  readonly name: string
}

/** Most names kept per server. Only names that look hashed are kept, so most servers need none. */
const maxNamesPerServer = 1000

/** Turns aggregate names back into (server, name). */
export interface NameIndex {
  /**
   * Takes note of a name that a server's list held. Only names whose aggregate form looks hashed are remembered, at
   * most 1,000 per server; the oldest go first.
   */
  learn (server: ServerName, name: string): void
  /**
   * The pair behind an aggregate name: a learned one, or the two sides of the first `__`. Only for servers in `allowed`
   * and only for the exact form that `aggregateName` gives the pair; otherwise undefined, and nothing tells a hidden
   * server from an unknown one (T25). A hashed name that was not learned is undefined too, unless it spells a name out.
   */
  resolve (aggregate: string, allowed: readonly ServerName[]): ServerAndName | undefined
}

/** Original names of one server by aggregate name, oldest first. */
type Names = Map<string, string>

function remember (names: Names, server: ServerName, aggregate: string, name: string): void {
  const known = names.get(aggregate)
  names.delete(aggregate)
  names.set(aggregate, known === undefined ? name : ownerOf(server, known, name, aggregate))
  const [oldest] = names.keys()
  if (names.size > maxNamesPerServer && oldest !== undefined) names.delete(oldest)
}

/**
 * An index that knows nothing yet. Callers may share it: it answers only with servers that the one who asks may use, and
 * only with names that come to the very aggregate name asked for. What one caller's list taught can therefore lead
 * another astray only between two names of one server that share all 64 characters, hash included.
 */
export function createNameIndex (): NameIndex {
  const byServer = new Map<ServerName, Names>()
  return {
    learn (server, name) {
      const aggregate = aggregateName(server, name)
      if (!looksHashed(aggregate)) return
      let names = byServer.get(server)
      if (names === undefined) byServer.set(server, names = new Map())
      remember(names, server, aggregate, name)
    },
    resolve (aggregate, allowed) {
      const server = serverOfName(aggregate, allowed)
      if (server === undefined) return undefined
      const name = byServer.get(server)?.get(aggregate) ?? aggregate.slice(server.length + SEPARATOR.length)
      return name !== '' && aggregateName(server, name) === aggregate ? { server, name } : undefined
    }
  }
}
