/** What stands for `process.env`. The engine reads no other; the command line passes the real one. */
export type Environment = Readonly<Record<string, string | undefined>>;
