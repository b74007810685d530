/** storage */
export {};
