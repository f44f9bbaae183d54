/** Numbers as people read them: the report's page speaks the same way, so they are in src/formatting.ts. */

export * from "../formatting.js";
