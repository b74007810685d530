/** mls */
export {};
