"""Clips of a simulated robot and of its prediction, which is drawn as a translucent ghost.

    clip = list(frames(mj_model, truth, prediction, error, dt, fps=25))
    save_gif("clip.gif", clip, fps=25)

MuJoCo builds the scene. OpenGL draws the scene if it is available, otherwise Pillow does.

Axes of arrays: T control steps including the first state, S state coordinates (nq + nv + na), nq positions, M mocap
inputs (7 per mocap body), H rows and W columns of a picture, V vertices, F facets, P points.
"""

from dynax.render.backends import BACKENDS, choose_backend
from dynax.render.camera import check_camera
from dynax.render.curves import curve_frames
from dynax.render.frames import frames
from dynax.render.video_files import save_gif, save_mp4

__all__ = ["BACKENDS", "check_camera", "choose_backend", "curve_frames", "frames", "save_gif", "save_mp4"]
