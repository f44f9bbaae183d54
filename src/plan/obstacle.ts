/** What stands in the way of a clone, found before anything is changed. */

export interface Obstacle {
  /** One sentence, without an end. */
  readonly message: string;
  /** The objects concerned, one a line. */
  readonly items: readonly string[];
  /** What to do. */
  readonly advice: string;
  /** SQL for the target that does it, where some would. */
  readonly statements?: readonly string[];
}
