/**
 * JSON-RPC 2.0 messages as MCP narrows them. Only the envelope is described: `params`, `result` and `error.data` pass
 * through by reference with every member they came with, known or not.
 */

/** String of at most 256 characters or a safe integer; `1` and `"1"` are different ids (rulings 4). */
export type JsonRpcId = string | number

/** An object of unknown members. */
export type JsonObject = { [key: string]: unknown }

export interface JsonRpcErrorBody {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** An answer without its envelope: what travels between rooms, because ids are re-minted on every hop. */
export type Reply =
  | { readonly result: unknown, readonly error?: undefined }
  | { readonly error: JsonRpcErrorBody, readonly result?: undefined }
