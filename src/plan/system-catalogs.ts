/** OIDs of system catalogs, the same in every PostgreSQL: they tell what sort of object something is. */

export { PG_CLASS, PG_CONSTRAINT } from "./task.js";

export const PG_TYPE = 1247;
export const PG_DEFAULT_ACL = 826;
export const PG_FOREIGN_SERVER = 1417;
export const PG_ATTRDEF = 2604;
export const PG_CAST = 2605;
export const PG_NAMESPACE = 2615;
export const PG_REWRITE = 2618;
export const PG_EXTENSION = 3079;
export const PG_TRANSFORM = 3576;
export const PG_PUBLICATION_REL = 6106;
export const PG_PUBLICATION_NAMESPACE = 6237;
