// The phone's time; in a bank whose day is fixed (demos), moved to that day.
let shift = 0;

export const shiftBy = (ms) => { shift = ms || 0; };
export const now = () => new Date(Date.now() + shift);
export const at = (timestamp) => new Date(timestamp + shift).toISOString();
