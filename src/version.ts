/** This release. A test holds it against package.json, which the library can't import when bundled. */
export const version = "0.1.0";
