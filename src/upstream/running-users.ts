const NOBODY: ReadonlyMap<string, number> = new Map()

/** How many workers each user has that were started and have not ended, by server. */
export class RunningUsers {
  readonly #servers = new Map<string, Map<string, number>>()

  of (server: string): ReadonlyMap<string, number> { return this.#servers.get(server) ?? NOBODY }

  add (server: string, user: string): void {
    let users = this.#servers.get(server)
    if (users === undefined) this.#servers.set(server, users = new Map())
    users.set(user, (users.get(user) ?? 0) + 1)
  }

  remove (server: string, user: string): void {
    const users = this.#servers.get(server)
    const left = (users?.get(user) ?? 0) - 1
    if (left > 0) users?.set(user, left)
    else users?.delete(user)
    if (users?.size === 0) this.#servers.delete(server)
  }
}
