import { isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { unaskable } from './answers.ts'
import { isSharedByUsers } from './client-capabilities.ts'
import { filterRoots } from './roots.ts'

/** Does any of these answers bring roots? Their keys are the server's own and say nothing. */
export function hasRoots (answers: JsonObject): boolean {
  return Object.values(answers).some(bringsRoots)
}

/** What one server may learn of its clients' roots, whichever way they come (rulings 1). */
export class RootsRule {
  readonly #server: ServerSettings
  readonly #rootDirs: () => readonly string[]

  /** @param rootDirs the directories that the operator's entry names */
  constructor (server: ServerSettings, rootDirs: () => readonly string[]) {
    this.#server = server
    this.#rootDirs = rootDirs
  }

  /**
   * The answer to roots/list; undefined = the client gave none.
   * @param ask asks the client; undefined = there is none that could be asked
   */
  async answer (ask: (() => Promise<Reply | undefined>) | undefined): Promise<Reply | undefined> {
    const { roots } = this.#server
    if (roots === 'off' || (roots === 'relay' && ask === undefined)) return unaskable('roots/list')
    const reply = await ask?.()
    return roots === 'relay' ? reply : { result: await filterRoots(reply?.result, this.#rootDirs()) }
  }

  /** Answers that a modern client sent along, asked for or not, as the server may see them. */
  async allowed (answers: JsonObject): Promise<JsonObject> {
    const { roots } = this.#server
    const isWithheld = roots === 'off' || isSharedByUsers(this.#server)
    const allowed: JsonObject = {}
    for (const [key, answer] of Object.entries(answers)) {
      if (!bringsRoots(answer)) allowed[key] = answer
      else if (!isWithheld) allowed[key] = roots === 'relay' ? answer : await filterRoots(answer, this.#rootDirs())
    }
    return allowed
  }
}

function bringsRoots (answer: unknown): boolean {
  return isJsonObject(answer) && answer['roots'] !== undefined
}
