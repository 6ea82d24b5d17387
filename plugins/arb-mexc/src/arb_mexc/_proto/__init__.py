"""Made by protoc from `push.proto`, which says how."""
