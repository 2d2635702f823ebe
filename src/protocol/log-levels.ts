/** RFC 5424 severities in rising order, as MCP logging names them. */
export const LOG_LEVELS: readonly string[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Is `level` at least as severe as `threshold`? An unknown level is not. */
export function isAtLeast (level: unknown, threshold: string): boolean {
  return LOG_LEVELS.indexOf(String(level)) >= LOG_LEVELS.indexOf(threshold)
}
