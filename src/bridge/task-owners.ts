/** Tasks remembered per worker, so that its news and its list reach their owners only. */
const MAX_TASKS = 10_000

/** Whose a task is. */
export interface TaskOwner { readonly userKey: string, readonly tool: string }

/** The tasks that one server made for calls through this gateway, oldest forgotten first. */
export class TaskOwners {
  readonly #owners = new Map<string, TaskOwner>()

  add (id: string, owner: TaskOwner): void {
    this.#owners.set(id, owner)
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= MAX_TASKS) break
      this.#owners.delete(oldest)
    }
  }

  /** Undefined for somebody else's task, and for one that was never seen. */
  toolOf (id: unknown, userKey: string): string | undefined {
    const owner = typeof id === 'string' ? this.#owners.get(id) : undefined
    return owner?.userKey === userKey ? owner.tool : undefined
  }
}
