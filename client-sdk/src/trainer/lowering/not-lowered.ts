/** Why a model and its task cannot become a graph. Never leaves `lowering/`: its door returns the reason. */
export class NotLowered extends Error {}
