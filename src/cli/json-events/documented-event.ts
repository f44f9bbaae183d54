/** How an event is described. The types make sure that no event and no field of one is left out. */

export interface DocumentedEvent<Fields> {
  readonly when: string;
  readonly fields: { readonly [F in keyof Fields]-?: string };
}

export type Documented<Types> = { readonly [T in keyof Types]: DocumentedEvent<Types[T]> };

/** What every summary of two servers begins with. */
export const bothEnds = {
  source: "the endpoint, without the password",
  target: "the endpoint, without the password",
  sourceVersion: "the server's version",
  targetVersion: "the server's version",
};
