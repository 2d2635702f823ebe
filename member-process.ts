/** The program of one of several gateway processes (`processes: N`); the primary starts it, see src/processes. */
import { joinPrimary } from './src/processes/index.ts'
import { serveMember } from './server.ts'

joinPrimary({ serve: serveMember })
