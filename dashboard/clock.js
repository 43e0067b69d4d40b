// Format seconds as minutes and seconds: 1:05 or 1:05.3.
const clock = (seconds, digits) => {
  const scale = 10 ** digits;
  const whole = Math.round(seconds * scale);
  const minutes = Math.floor(whole / (60 * scale));
  const rest = ((whole - minutes * 60 * scale) / scale).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
};

const TICK_STEPS_S = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];
const TICK_WIDTH = 64; // CSS pixels of a label and the space around it

// Choose the step between the labels of a time axis, in seconds.
const tickStep = (seconds, width) => {
  const most = Math.max(2, Math.floor(width / TICK_WIDTH));
  return TICK_STEPS_S.find((size) => seconds / size <= most) ?? 600;
};
