/** Whether a model id names Tuneup's own simulated model: its server answers to these names only, so a simulation always says what it is. */
export const isSimulatedModel = (model: string): boolean => model.startsWith("simulated-");
