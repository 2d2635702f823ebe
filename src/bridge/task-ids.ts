import { isJsonObject, META, type JsonObject } from '../protocol/index.ts'
import type { Sealer } from '../seal/index.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'

/** A task of a server, as that server knows it, and the tool whose call it is: who may not use the tool may not see its task. */
export interface TaskOfServer { readonly server: ServerName, readonly tool: string, readonly id: string }

const KIND = 'task'
/** Longest task id of a server, in characters: it travels sealed. */
const MAX_ID_CHARS = 1024

/**
 * Task ids as they leave the gateway: sealed for one user, with the server and the tool inside, so that a guessed or foreign
 * id leads nowhere (MCP 2025-11-25 tasks; tasks extension of 2026-07-28; T20, T21).
 */
export class TaskIds {
  readonly #sealer: Sealer

  constructor (sealer: Sealer) {
    this.#sealer = sealer
  }

  /** Undefined: the server's id is none. */
  seal (principal: Principal, { server, tool, id }: TaskOfServer): string | undefined {
    return id.length > MAX_ID_CHARS ? undefined : this.#sealer.name(KIND, principal.userKey, { server, tool, id })
  }

  open (principal: Principal, sealed: unknown): TaskOfServer | undefined {
    return this.#sealer.open(KIND, principal.userKey, sealed) as TaskOfServer | undefined
  }

  /** An object whose own `taskId`, if any, is sealed; the same object if none. */
  sealedIn (principal: Principal, server: ServerName, tool: string, object: JsonObject): JsonObject {
    const { taskId } = object
    if (typeof taskId !== 'string') return object
    return { ...object, taskId: this.seal(principal, { server, tool, id: taskId }) }
  }

  /** The same for the `_meta` by which messages say which task they are about. */
  sealedInMeta (principal: Principal, server: ServerName, tool: string, object: JsonObject): JsonObject {
    const meta = object['_meta']
    const related = isJsonObject(meta) ? meta[META.relatedTask] : undefined
    if (!isJsonObject(meta) || !isJsonObject(related)) return object
    return { ...object, _meta: { ...meta, [META.relatedTask]: this.sealedIn(principal, server, tool, related) } }
  }
}
