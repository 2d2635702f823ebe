/** TLS towards one upstream server; the files' contents in PEM, read when the settings were made. */
export interface TlsSettings {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca?: string
  /** Client certificate and its key, both or neither. */
  readonly cert?: string
  readonly key?: string
  /** Name that the server's certificate must be for, when it is not the URL's host. */
  readonly servername?: string
}
